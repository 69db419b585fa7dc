/// KeyDiff's score: minus the cosine between a key and the mean direction of the head's keys (sheet keydiff).
struct KeyDistinctness: TokenScorer {
  var needs: AttentionNeeds { AttentionNeeds() }
  var stepNeeds: AttentionNeeds? { AttentionNeeds() }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    Self.scores(view.keys(head: head), width: view.headDim)
  }

  func stepScores(_ view: HeadView, head: Int, weights: [Float]) -> [Float] { promptScores(view, head: head) }

  /// Scores of keys [tokens, width].
  static func scores(_ keys: [Float], width: Int) -> [Float] {
    let count = keys.count / max(width, 1)
    // A key of length 0 has no direction; the bound keeps the division finite, as torch's cosine does.
    let norms = RowNorms.norms(keys, width: width).map { max($0, 1e-12) }
    var anchor = [Float](repeating: 0, count: width)
    for token in 0..<count {
      for channel in 0..<width { anchor[channel] += keys[token * width + channel] / norms[token] }
    }
    for channel in 0..<width { anchor[channel] /= Float(max(count, 1)) }
    let length = max(RowNorms.norms(anchor, width: width).first ?? 0, 1e-12)
    return keys.withUnsafeBufferPointer { keys in
      guard let base = keys.baseAddress else { return [] }
      return (0..<count).map { -RowNorms.dot(base + $0 * width, anchor, width) / (norms[$0] * length) }
    }
  }
}
