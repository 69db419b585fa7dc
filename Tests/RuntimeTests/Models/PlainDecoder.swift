import Foundation

@testable import Runtime

/// A Llama in plain double precision, one loop a line of the papers, with evicting caches done the papers' way: keys
/// are kept before rotation and rotated at every step; slots stay in the order of the text.
final class PlainDecoder {
  /// What leaves the cache.
  enum Rule {
    case none
    /// The first `sink` and the last `recent` tokens stay.
    case sinks(sink: Int, recent: Int)
    /// The `heavy` tokens with the largest sums of attention and the last `recent` stay, head by head.
    case heavy(heavy: Int, recent: Int)
  }

  struct Slot {
    var position: Int
    var key: [Double]  // [headDim], before rotation
    var value: [Double]  // [headDim]
    var score: Double
  }

  let sizes: TinyModel
  private let weights: [String: [Double]]
  let rule: Rule
  let renumbers: Bool
  let dropsWhileDecoding: Bool
  private(set) var cache: [[[Slot]]]  // [layer][KV head][slot]
  private var seen = 0

  init(_ model: TinyModel, rule: Rule = .none, renumbers: Bool = false, dropsWhileDecoding: Bool = true) {
    sizes = model
    weights = model.weights().mapValues { $0.map(Double.init) }
    self.rule = rule
    self.renumbers = renumbers
    self.dropsWhileDecoding = dropsWhileDecoding
    cache = [[[Slot]]](repeating: [[Slot]](repeating: [], count: model.kvHeads), count: model.layers)
  }

  /// Logits after the last token of a prompt that attends to all of itself; then tokens leave.
  func prefill(_ tokens: [Int32]) -> [Double] {
    var rows = tokens.map(embedding)
    for layer in 0..<sizes.layers {
      for (index, _) in tokens.enumerated() { attend(layer, &rows[index], position: index) }
      for head in 0..<sizes.kvHeads { drop(layer, head) }
      for index in rows.indices { feedForward(layer, &rows[index]) }
    }
    seen += tokens.count
    return logits(rows.last ?? [])
  }

  /// Logits after one more token.
  func step(_ token: Int32) -> [Double] {
    var row = embedding(token)
    for layer in 0..<sizes.layers {
      attend(layer, &row, position: seen)
      if dropsWhileDecoding { for head in 0..<sizes.kvHeads { drop(layer, head) } }
      feedForward(layer, &row)
    }
    seen += 1
    return logits(row)
  }

  /// Rotated queries and keys of a layer for all tokens of a text; the layers before it run.
  func projections(_ tokens: [Int32], layer last: Int) -> (queries: [[Double]], keys: [[Double]]) {
    var rows = tokens.map(embedding)
    for layer in 0..<last {
      for index in rows.indices { attend(layer, &rows[index], position: index) }
      for index in rows.indices { feedForward(layer, &rows[index]) }
    }
    func heads(_ part: String) -> [[Double]] {
      rows.enumerated().map { position, row in
        let projected = product("blk.\(last).\(part).weight", normalise(row, "blk.\(last).attn_norm.weight"))
        return stride(from: 0, to: projected.count, by: sizes.headDim).flatMap {
          rotate(Array(projected[$0..<$0 + sizes.headDim]), position)
        }
      }
    }
    return (heads("attn_q"), heads("attn_k"))
  }

  private func drop(_ layer: Int, _ head: Int) {
    let slots = cache[layer][head]
    switch rule {
    case .none: return
    case .sinks(let sink, let recent):
      guard slots.count > sink + recent else { return }
      cache[layer][head] = Array(slots.prefix(sink) + slots.suffix(recent))
    case .heavy(let heavy, let recent):
      guard slots.count > heavy + recent else { return }
      let candidates = slots.dropLast(recent).sorted {
        $0.score != $1.score ? $0.score > $1.score : $0.position < $1.position
      }
      let kept = candidates.prefix(heavy).sorted { $0.position < $1.position }
      cache[layer][head] = kept + slots.suffix(recent)
    }
  }

  private func attend(_ layer: Int, _ row: inout [Double], position: Int) {
    let normed = normalise(row, "blk.\(layer).attn_norm.weight")
    let queries = product("blk.\(layer).attn_q.weight", normed)
    let keys = product("blk.\(layer).attn_k.weight", normed)
    let values = product("blk.\(layer).attn_v.weight", normed)
    let width = sizes.headDim
    var out: [Double] = []
    for head in 0..<sizes.kvHeads {
      let part = head * width..<(head + 1) * width
      cache[layer][head].append(
        Slot(position: position, key: Array(keys[part]), value: Array(values[part]), score: 0))
      let slots = cache[layer][head]
      let rotated = slots.enumerated().map { rotate($1.key, renumbers ? $0 : $1.position) }
      for member in 0..<sizes.groupHeads {
        let first = (head * sizes.groupHeads + member) * width
        let query = rotate(Array(queries[first..<first + width]), renumbers ? slots.count - 1 : position)
        let scores = rotated.map { dot(query, $0) / Double(width).squareRoot() }
        let shares = softmax(scores)
        for (slot, share) in shares.enumerated() { cache[layer][head][slot].score += share / Double(sizes.groupHeads) }
        out += (0..<width).map { channel in zip(shares, slots).reduce(0) { $0 + $1.0 * $1.1.value[channel] } }
      }
    }
    add(product("blk.\(layer).attn_output.weight", out), to: &row)
  }

  func feedForward(_ layer: Int, _ row: inout [Double]) {
    let normed = normalise(row, "blk.\(layer).ffn_norm.weight")
    let gates = product("blk.\(layer).ffn_gate.weight", normed)
    let ups = product("blk.\(layer).ffn_up.weight", normed)
    let gated = zip(gates, ups).map { $0 / (1 + exp(-$0)) * $1 }
    add(product("blk.\(layer).ffn_down.weight", gated), to: &row)
  }

  func embedding(_ token: Int32) -> [Double] {
    let first = Int(token) * sizes.hidden
    return weights["token_embd.weight"].map { Array($0[first..<first + sizes.hidden]) } ?? []
  }

  func logits(_ row: [Double]) -> [Double] {
    product("output.weight", normalise(row, "output_norm.weight"))
  }

  func product(_ name: String, _ x: [Double]) -> [Double] {
    let matrix = weights[name] ?? []
    return (0..<matrix.count / x.count).map { output in
      var sum = 0.0
      for input in x.indices { sum += matrix[output * x.count + input] * x[input] }
      return sum
    }
  }

  func normalise(_ x: [Double], _ name: String) -> [Double] {
    let inverse = 1 / (dot(x, x) / Double(x.count) + 1e-5).squareRoot()
    return zip(x, weights[name] ?? []).map { $0 * inverse * $1 }
  }

  func add(_ update: [Double], to row: inout [Double]) {
    for index in row.indices { row[index] += update[index] }
  }

  func rotate(_ x: [Double], _ position: Int) -> [Double] { rotated(x, by: position, base: 10_000) }
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}

func softmax(_ scores: [Double]) -> [Double] {
  let maximum = scores.max() ?? 0
  let exponentials = scores.map { exp($0 - maximum) }
  let total = exponentials.reduce(0, +)
  return exponentials.map { $0 / total }
}

/// Rotary embedding over neighbouring channels, GGUF's order.
func rotated(_ x: [Double], by positions: Int, base: Double) -> [Double] {
  var out = x
  for pair in 0..<x.count / 2 {
    let angle = Double(positions) * pow(base, -2 * Double(pair) / Double(x.count))
    out[2 * pair] = x[2 * pair] * cos(angle) - x[2 * pair + 1] * sin(angle)
    out[2 * pair + 1] = x[2 * pair] * sin(angle) + x[2 * pair + 1] * cos(angle)
  }
  return out
}
