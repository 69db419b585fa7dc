/// Per channel, the largest magnitude of the prompt's queries, over the query heads of each KV head.
struct QueryMaxima {
  private(set) var values: [Float]  // [kvHeads, headDim]
  private let shape: CacheShape

  init(_ shape: CacheShape) {
    self.shape = shape
    values = [Float](repeating: 0, count: shape.kvHeads * shape.headDim)
  }

  /// Takes the queries of the next tokens, all heads; row i at `i * stride`.
  mutating func append(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    let (headDim, group) = (shape.headDim, shape.groupHeads)
    values.withUnsafeMutableBufferPointer { target in
      for token in 0..<tokens {
        let row = queries + token * stride
        for head in 0..<shape.kvHeads * group {
          let first = head / group * headDim
          for channel in 0..<headDim {
            target[first + channel] = max(target[first + channel], abs(row[head * headDim + channel]))
          }
        }
      }
    }
  }
}
