/// Sums of a prompt's queries as projected, before they turn, of one layer: what their mean and covariance come from.
///
/// In double precision and in the order of the text, so that sums do not depend on how a prompt is cut in chunks.
struct QueryMoments {
  let needs: AttentionNeeds.QueryMoments
  let queryHeads: Int
  let headDim: Int
  private(set) var count = 0
  private var sums: [Double]  // [queryHeads, headDim]
  private var products: [Double]  // [queryHeads, headDim, headDim], the upper triangle; empty without covariance
  private var seenTokens = 0

  init(_ needs: AttentionNeeds.QueryMoments, queryHeads: Int, headDim: Int) {
    self.needs = needs
    self.queryHeads = queryHeads
    self.headDim = headDim
    sums = [Double](repeating: 0, count: queryHeads * headDim)
    products = [Double](repeating: 0, count: needs.covariance ? queryHeads * headDim * headDim : 0)
  }

  /// Adds the queries of the next tokens; row i at `i * stride`.
  mutating func append(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    let first = max(0, needs.sink - seenTokens)
    seenTokens += tokens
    guard first < tokens else { return }
    count += tokens - first
    let (heads, headDim) = (queryHeads, headDim)
    let wantsProducts = needs.covariance
    sums.withUnsafeMutableBufferPointer { sums in
      products.withUnsafeMutableBufferPointer { products in
        guard let sum = sums.baseAddress else { return }
        for token in first..<tokens {
          let row = queries + token * stride
          for index in 0..<heads * headDim { sum[index] += Double(row[index]) }
          guard wantsProducts, let product = products.baseAddress else { continue }
          for head in 0..<heads {
            let query = row + head * headDim
            for a in 0..<headDim {
              let left = Double(query[a])
              let line = product + (head * headDim + a) * headDim
              for b in a..<headDim { line[b] += left * Double(query[b]) }
            }
          }
        }
      }
    }
  }

  /// Mean of one query head.
  func mean(_ head: Int) -> [Double] {  // [headDim]
    sums[head * headDim..<(head + 1) * headDim].map { $0 / Double(max(1, count)) }
  }

  /// Covariance of one query head, divided by the count; nil if it was not asked for.
  func covariance(_ head: Int) -> [Double]? {  // [headDim, headDim]
    guard needs.covariance else { return nil }
    let mean = mean(head)
    var result = [Double](repeating: 0, count: headDim * headDim)
    for a in 0..<headDim {
      for b in a..<headDim {
        let value = products[(head * headDim + a) * headDim + b] / Double(max(1, count)) - mean[a] * mean[b]
        result[a * headDim + b] = value
        result[b * headDim + a] = value
      }
    }
    return result
  }
}
