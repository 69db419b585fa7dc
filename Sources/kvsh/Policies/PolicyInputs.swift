import Lang
import Runtime

/// What a policy may name: declared once for the checker, help and completion, and read here for a layer.
enum PolicyInputs {
  static let all: [Parameter] = [
    Parameter("K", .value(TensorValue.type), doc: "Keys, turned to their positions [kv_heads, tokens, head_dim]."),
    Parameter("V", .value(TensorValue.type), doc: "Values [kv_heads, tokens, head_dim]."),
    Parameter("positions", .value(TensorValue.type), doc: "Positions of the tokens held [kv_heads, tokens]."),
    Parameter("layer", .int, doc: "Number of the layer, from 0."),
    Parameter("layers", .int, doc: "How many layers there are."),
    Parameter("heads", .int, doc: "How many KV heads there are."),
    Parameter("head_dim", .int, doc: "Channels of a head."),
    Parameter("tokens", .int, doc: "Tokens held now."),
    Parameter("seen", .int, doc: "Tokens of the text so far."),
    Parameter("attn_last", .value(TensorValue.type), doc: "Weights of the newest query [kv_heads, tokens]."),
    Parameter("attn_sum", .value(TensorValue.type), doc: "Weights of all queries so far, added up [kv_heads, tokens]."),
    Parameter(
      "attn_window", .value(TensorValue.type), doc: "Weights of the prompt's last queries [kv_heads, window, tokens]."),
  ]

  /// Statistics that the named inputs ask for.
  static func statistics(_ named: Set<String>, window: Int) -> Set<LayerStatistic> {
    var statistics: Set<LayerStatistic> = []
    if named.contains("attn_last") { statistics.insert(.last) }
    if named.contains("attn_sum") { statistics.insert(.sum) }
    if named.contains("attn_window") { statistics.insert(.window(window)) }
    return statistics
  }

  /// The value of an input; nothing is read that is not named.
  static func value(_ name: String, _ layer: ScoredLayer, _ math: TensorMath) throws -> Value {
    func tensor(_ tensor: Tensor) -> Value { .object(TensorValue(tensor, math)) }
    switch name {
    case "K": return tensor(try layer.keys())
    case "V": return tensor(try layer.values())
    case "positions": return tensor(try layer.positions())
    case "layer": return .int(layer.layer)
    case "layers": return .int(layer.shape.layers)
    case "heads": return .int(layer.shape.kvHeads)
    case "head_dim": return .int(layer.shape.headDim)
    case "tokens": return .int(layer.slots)
    case "seen": return .int(layer.seenTokens)
    case "attn_last": return tensor(try layer.lastWeights())
    case "attn_sum": return tensor(try layer.attentionSums())
    case "attn_window": return tensor(try layer.windowWeights())
    default: return .nil
    }
  }
}
