/// SnapKV's score: the attention of the prompt's last `window` queries, pooled along the text (sheet snapkv, steps 2-4).
struct WindowVotes: TokenScorer {
  enum Pooling: String, Sendable, CaseIterable {
    case max
    case avg
    case none
  }

  let window: Int
  /// Width of the pooling, odd.
  let kernel: Int
  let pooling: Pooling
  let gqa: GroupRule

  var needs: AttentionNeeds { AttentionNeeds(windowQueries: window) }
  var protection: Protection { Protection(recent: window) }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    let groupHeads = view.layer?.shape.groupHeads ?? 1
    let count = view.count
    var votes = [Float](repeating: 0, count: groupHeads * count)
    votes.withUnsafeMutableBufferPointer { votes in
      guard let base = votes.baseAddress, let kernels = view.layer?.kernels else { return }
      view.windowWeights(head: head) { _, groupHead, weights in
        kernels.add(base + groupHead * count, weights, count)
      }
    }
    // The window's own tokens are dropped before the pooling, so that they lend nothing to their neighbours.
    let prefix = max(0, count - window)
    let scores = gqa.reduce(votes, group: groupHeads)
    return pooled(Array(scores.prefix(prefix))) + [Float](repeating: 0, count: count - prefix)
  }

  /// The same width, every element the maximum or the mean (over `kernel`, zeros beyond the ends) of its neighbourhood.
  func pooled(_ votes: [Float]) -> [Float] {
    let reach = kernel / 2
    guard pooling != .none, reach > 0, !votes.isEmpty else { return votes }
    return votes.indices.map { index in
      let range = max(0, index - reach)...min(votes.count - 1, index + reach)
      if pooling == .max { return votes[range].max() ?? 0 }
      return votes[range].reduce(0, +) / Float(kernel)
    }
  }
}
