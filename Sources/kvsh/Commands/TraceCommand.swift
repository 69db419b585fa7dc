import Lang
import Runtime

/// `trace TEXT layer=14`: the tensors that a layer computed for a text.
struct TraceCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "trace", summary: "The tensors a layer computed for a text: queries, keys, values, scores, weights, hidden states.",
    details: """
      They are the numbers of the forward pass itself, with the uncompressed cache. Fields of the record: tokens; q, k, v \
      [heads, tokens, head_dim], q and k turned to their positions, and k_pre before that; scores and weights [heads, tokens, \
      tokens], scores scaled by 1 / sqrt(head_dim), -inf where a key comes later; output [heads, tokens, head_dim]; hidden \
      [layers + 1, tokens, hidden], after the embedding and after each layer. k and v have the KV heads. With head= the heads \
      go, and k and v are those of the KV head that the query head reads. Channels stand in the order of the model's file: a \
      GGUF file turns channels 2i and 2i + 1 together. The text is taken as it is.
      """,
    parameters: [
      Parameter("text", .string, doc: "The text.", positional: true, required: true),
      Parameter("layer", .int, default: .int(0), range: 0...10_000, doc: "Layer, from 0."),
      Parameter("head", .int, range: 0...10_000, doc: "Query head, from 0; all heads without."),
    ], produces: .record,
    examples: [
      Example("(trace \"The cat sat on the mat.\" layer=14 head=0).weights", "Who looks at whom."),
      Example("(trace \"The cat sat on the mat.\" layer=3).k.shape", "KV heads, tokens, channels."),
    ], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let loaded = try call.placing { try workbench.models.current() }
    let ids = loaded.tokenizer.encode(try call.string("text"), parseSpecial: true)
    let layer = try call.int("layer")
    let layers = loaded.model.configuration.layers
    guard layer < layers else {
      throw Problem(
        "K023", seen: "`layer` must be 0 to \(layers - 1); \(layer) was given", labels: [.init(call.span(of: "layer"))])
    }
    let math = try call.placing { try workbench.math() }
    let trace = try call.placing(at: "text") { try loaded.engine.trace(ids, layer: layer, math: math) }
    var fields: [(String, Tensor)] = [
      ("q", trace.queries), ("k", trace.keys), ("v", trace.values), ("k_pre", trace.unrotatedKeys),
      ("scores", trace.scores), ("weights", trace.weights), ("output", trace.outputs),
    ]
    if call.isGiven("head") {
      let sizes = loaded.model.configuration
      let head = try call.int("head")
      guard head < sizes.queryHeads else {
        throw Problem(
          "K023", seen: "`head` must be 0 to \(sizes.queryHeads - 1); \(head) was given",
          labels: [.init(call.span(of: "head"))])
      }
      let shared = head / (sizes.queryHeads / sizes.kvHeads)
      fields = try call.placing {
        try fields.map { name, tensor in
          (name, try math.part(tensor, [.place(tensor.sizes[0] == sizes.queryHeads ? head : shared)]))
        }
      }
    }
    let texts = ids.map { Value.string(loaded.tokenizer.tokenText($0)) }
    return .record(
      Record(
        [("tokens", .list(texts))] + fields.map { ($0.0, .object(TensorValue($0.1, math))) }
          + [("hidden", .object(TensorValue(trace.hidden, math)))]))
  }
}
