import Foundation

/// A score over all heads of a layer at once that comes from outside the runtime, such as one written in the language.
public protocol LayerScorer: Sendable {
  /// Statistics of attention that the score names.
  var statistics: Set<LayerStatistic> { get }
  /// Whether scores depend on those of earlier steps, so that every step is scored.
  var remembers: Bool { get }
  func makeState(shape: CacheShape, layer: Int) -> any LayerScorerState
}

/// Statistics of attention that a score may name; nothing is computed unasked.
public enum LayerStatistic: Hashable, Sendable {
  /// Weights of the newest query, mean over the query heads that share a KV head.
  case last
  /// Weights of all queries so far, added up; the same mean.
  case sum
  /// Weights of the prompt's last queries, the same mean.
  case window(Int)
}

/// A scorer at work on one layer of one sequence; one thread calls at a time.
public protocol LayerScorerState: AnyObject {
  /// A score for every slot of every KV head; the highest are kept.
  ///
  /// - Throws: what went wrong in the score; the run ends with it.
  func scores(_ layer: ScoredLayer) throws -> [[Float]]  // [kvHeads][slots]

  /// What the scorer remembers of slots follows them: of each KV head, which of the old slots are left, in their new order.
  func follow(_ slots: [[Int]])
}

/// What a layer scorer may see; everything is read when it is asked for.
public struct ScoredLayer {
  public let layer: Int
  public let shape: CacheShape
  /// Tokens of the text so far.
  public let seenTokens: Int
  /// Slots held by each head.
  public let slots: Int
  let views: [HeadView]
  let sums: [[Float]]
  let last: [[Float]]

  /// Turned to their positions. // [kvHeads, slots, headDim]
  public func keys() throws -> Tensor { try joined(shape.headDim) { $0.keys(head: $0.head) } }

  public func values() throws -> Tensor { try joined(shape.headDim) { $0.values(head: $0.head) } }

  /// Position of each slot. // [kvHeads, slots]
  public func positions() throws -> Tensor {
    try Tensor([views.count, slots], views.flatMap { $0.positions.map(Float.init) }, element: .int32)
  }

  // [kvHeads, slots]
  public func attentionSums() throws -> Tensor { try Tensor([views.count, slots], sums.flatMap { $0 }) }

  // [kvHeads, slots]
  public func lastWeights() throws -> Tensor { try Tensor([views.count, slots], last.flatMap { $0 }) }

  /// Only at the end of a prompt. // [kvHeads, queries, slots]
  public func windowWeights() throws -> Tensor {
    let queries = views.first?.layer?.promptWindow?.count ?? 0
    var weights = [Float](repeating: 0, count: views.count * queries * slots)
    for (place, view) in views.enumerated() {
      view.windowWeights(head: view.head) { token, _, line in
        let first = (place * queries + token) * slots
        for slot in 0..<slots { weights[first + slot] += line[slot] / Float(shape.groupHeads) }
      }
    }
    return try Tensor([views.count, queries, slots], weights)
  }

  private func joined(_ width: Int, _ rows: (HeadView) -> [Float]) throws -> Tensor {
    let shape = try TensorShape([views.count, slots, width])
    let storage = AlignedBuffer<Float>(count: shape.count, hugePages: true)
    for (place, view) in views.enumerated() {
      let numbers = rows(view)
      (storage.base + place * slots * width).update(from: numbers, count: min(numbers.count, slots * width))
    }
    return Tensor(shape, storage)
  }
}
