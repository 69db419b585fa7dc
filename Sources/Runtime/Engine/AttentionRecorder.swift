/// Scores and weights of one layer's prompt as attention computes them, for a trace.
///
/// Safe to send: each task records rows of its own.
final class AttentionRecorder: @unchecked Sendable {
  private let tokens: Int
  private let group: Int
  let scores: AlignedBuffer<Float>  // [queryHeads, tokens, tokens]
  let weights: AlignedBuffer<Float>  // [queryHeads, tokens, tokens]

  init(shape: CacheShape, tokens: Int) {
    self.tokens = tokens
    group = shape.groupHeads
    let count = shape.kvHeads * shape.groupHeads * tokens * tokens
    scores = AlignedBuffer(count: count, hugePages: true)
    weights = AlignedBuffer(count: count, hugePages: true)
    scores.base.update(repeating: -.infinity, count: count)
  }

  /// A query's numbers for keys `range`; `row` counts the query heads of KV head `head` within a token.
  func record(
    _ line: UnsafePointer<Float>, _ range: Range<Int>, head: Int, token: Int, row: Int, into area: AlignedBuffer<Float>
  ) {
    let place = ((head * group + row) * tokens + token) * tokens
    guard token < tokens, range.upperBound <= tokens else { return }
    (area.base + place + range.lowerBound).update(from: line + range.lowerBound, count: range.count)
  }
}
