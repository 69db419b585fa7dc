import KernelABI

/// The last queries of a prompt in one layer, kept while the prompt goes through and let go when it is complete.
///
/// A ring: row `token mod capacity` holds the queries of that token, all heads, as turned to its position.
public struct PromptWindow {
  public let capacity: Int
  /// Queries of one token, all heads.
  let width: Int
  private var rows: [Float]  // [capacity, queryHeads * headDim]
  /// Tokens of the prompt whose queries have been seen.
  private(set) var seenTokens = 0

  init(capacity: Int, width: Int) {
    self.capacity = capacity
    self.width = width
    rows = [Float](repeating: 0, count: capacity * width)
  }

  /// Queries held: the last `count` tokens of the prompt.
  public var count: Int { min(capacity, seenTokens) }

  /// Takes the queries of the next tokens; row i at `i * stride`.
  mutating func append(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    let width = width
    rows.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      for token in max(0, tokens - capacity)..<tokens {
        (base + (seenTokens + token) % capacity * width).update(from: queries + token * stride, count: width)
      }
    }
    seenTokens += tokens
  }

  /// The queries of one KV head's group, oldest token first, times 1 / sqrt(headDim).
  public func queries(head: Int, shape: CacheShape) -> [Float] {  // [count, groupHeads, headDim]
    let share = shape.groupHeads * shape.headDim
    let scale = 1 / Float(shape.headDim).squareRoot()
    var result: [Float] = []
    result.reserveCapacity(count * share)
    for token in seenTokens - count..<seenTokens {
      let first = token % capacity * width + head * share
      for index in first..<first + share { result.append(rows[index] * scale) }
    }
    return result
  }
}
