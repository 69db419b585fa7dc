import Foundation

@testable import Runtime

/// LazyLLM as its sheet says it, token by token in plain double precision: dictionaries of keys, values and waiting
/// hidden states by position.
final class PlainLazyDecoder {
  let plain: PlainDecoder
  let boundaries: [Int: Double]
  let pin: Int
  private var sizes: TinyModel { plain.sizes }
  private var keys: [[Int: [[Double]]]]  // [layer][position][KV head][headDim], rotated
  private var values: [[Int: [[Double]]]]
  private(set) var waiting: [[Int: [Double]]]  // [layer][position][hidden]
  /// How often a token was computed in a layer.
  private(set) var computed: [[Int: Int]]
  /// Tokens active in each layer in the last pass.
  private(set) var active: [[Int]]
  private var seen = 0

  init(_ model: TinyModel, boundaries: [Int: Double], pin: Int = 1) {
    plain = PlainDecoder(model)
    self.boundaries = boundaries
    self.pin = pin
    keys = Array(repeating: [:], count: model.layers)
    values = keys
    waiting = Array(repeating: [:], count: model.layers)
    computed = Array(repeating: [:], count: model.layers)
    active = Array(repeating: [], count: model.layers)
  }

  /// Logits after the last of some new tokens.
  func run(_ tokens: [Int32]) -> [Double] {
    var current: [Int: [Double]] = [:]
    for (index, token) in tokens.enumerated() { current[seen + index] = plain.embedding(token) }
    seen += tokens.count
    let newest = seen - 1
    var set = Array(0..<seen)
    for layer in 0..<sizes.layers {
      active[layer] = set
      let rows = set.filter { keys[layer][$0] == nil }
      for position in rows {
        let state = current[position] ?? waiting[layer].removeValue(forKey: position) ?? []
        current[position] = state
        computed[layer][position, default: 0] += 1
        let normed = plain.normalise(state, "blk.\(layer).attn_norm.weight")
        keys[layer][position] = split(plain.product("blk.\(layer).attn_k.weight", normed))
          .map { plain.rotate($0, position) }
        values[layer][position] = split(plain.product("blk.\(layer).attn_v.weight", normed))
      }
      var importance: [Int: Double] = [:]
      var outputs: [Int: [Double]] = [:]
      for position in rows {
        var state = current[position] ?? []
        let normed = plain.normalise(state, "blk.\(layer).attn_norm.weight")
        let queries = split(plain.product("blk.\(layer).attn_q.weight", normed))
        let seen = set.filter { $0 <= position }
        var out: [Double] = []
        for (head, query) in queries.enumerated() {
          let turned = plain.rotate(query, position)
          let kv = head / sizes.groupHeads
          let shares = softmax(
            seen.map { dot(turned, keys[layer][$0]?[kv] ?? []) / Double(sizes.headDim).squareRoot() })
          if position == newest {
            for (token, share) in zip(seen, shares) {
              importance[token, default: 0] += share / Double(sizes.queryHeads)
            }
          }
          out += (0..<sizes.headDim).map { channel in
            zip(seen, shares).reduce(0) { $0 + (values[layer][$1.0]?[kv][channel] ?? 0) * $1.1 }
          }
        }
        plain.add(plain.product("blk.\(layer).attn_output.weight", out), to: &state)
        plain.feedForward(layer, &state)
        outputs[position] = state
      }
      if let kept = boundaries[layer] {
        let leaving = Int(((1 - kept) * Double(set.count) + 1e-9).rounded(.down))
        let gone = set.filter { $0 <= newest - pin }
          .sorted { (importance[$0] ?? 0, $0) < (importance[$1] ?? 0, $1) }.prefix(leaving)
        set.removeAll(where: gone.contains)
        for position in rows where !set.contains(position) { waiting[layer + 1][position] = outputs[position] }
      }
      current = outputs.filter { set.contains($0.key) }
    }
    return plain.logits(current[newest] ?? [])
  }

  private func split(_ row: [Double]) -> [[Double]] {
    stride(from: 0, to: row.count, by: sizes.headDim).map { Array(row[$0..<$0 + sizes.headDim]) }
  }
}
