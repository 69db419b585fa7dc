import KernelABI

/// The low-rank part Q P^T of one head's block of tokens, in half precision.
///
/// It is attended as (q P) Q^T and (w Q) P^T, never multiplied out. Several heads may share one Q.
struct LowRankPart {
  let rank: Int
  let tokens: Int
  let headDim: Int
  let q: [UInt16]  // [token block, rank, 16]
  let p: [UInt16]  // [rank, headDim]

  /// Q in blocks of 16 tokens, so that scores have tokens in the lanes; the last block is padded with zeros.
  static func blocks(_ factors: PowerIteration.Factors, tokens: Int) -> [UInt16] {
    var q = [UInt16](repeating: 0, count: (tokens + 15) / 16 * 16 * factors.rank)
    for column in 0..<factors.rank {
      for token in 0..<tokens {
        q[(token / 16 * factors.rank + column) * 16 + token % 16] = Half.bits(factors.q[column * tokens + token])
      }
    }
    return q
  }

  /// The part of one head, whose channels begin at `channel` of the factors' columns.
  init(_ factors: PowerIteration.Factors, q: [UInt16], tokens: Int, channel: Int, headDim: Int) {
    rank = factors.rank
    self.tokens = tokens
    self.headDim = headDim
    self.q = q
    let columns = factors.rank == 0 ? 0 : factors.p.count / factors.rank
    var p: [UInt16] = []
    p.reserveCapacity(rank * headDim)
    for column in 0..<rank {
      let first = column * columns + channel
      p.append(contentsOf: factors.p[first..<first + headDim].lazy.map(Half.bits))
    }
    self.p = p
  }

  /// Bytes of Q without padding, of its padding, and of P.
  var qBytes: Int { 2 * rank * tokens }
  var slackBytes: Int { 2 * q.count - qBytes }
  var pBytes: Int { 2 * p.count }

  /// out[row, i] += (query P) . Q[tokens.lowerBound + i]; the range begins at a multiple of 16.
  func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard rank > 0, !tokens.isEmpty else { return }
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    let width = blocks.count * 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rank * headDim + rows * (rank + width)) { scratch in
      q.withUnsafeBufferPointer { q in
        p.withUnsafeBufferPointer { p in
          guard let base = scratch.baseAddress, let q = q.baseAddress, let p = p.baseAddress else { return }
          let projected = base + rank * headDim  // [rows, rank]
          let scores = projected + rows * rank  // [rows, width]
          kernels.floatFromHalf(p, rank * headDim, base)
          for row in 0..<rows {
            for column in 0..<rank {
              var sum = SIMD16<Float>()
              for channel in stride(from: 0, to: headDim, by: 16) {
                sum += vector(queries + row * headDim + channel) * vector(base + column * headDim + channel)
              }
              projected[row * rank + column] = sum.sum()
            }
          }
          let keys = ExactRows(elements: q, element: .float16, headDim: rank)
          kernels.keyScores(keys, blocks, projected, rows, scores, width)
          for row in 0..<rows { kernels.add(out + row * outStride, scores + row * width, tokens.count) }
        }
      }
    }
  }

  /// acc[row, :] += (weights Q) P^T; the range begins at a multiple of 16.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    guard rank > 0, !tokens.isEmpty else { return }
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: (rows + 1) * rank) { sums in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rank * headDim) { scratch in
        q.withUnsafeBufferPointer { q in
          p.withUnsafeBufferPointer { p in
            guard let sums = sums.baseAddress, let scratch = scratch.baseAddress, let q = q.baseAddress,
              let p = p.baseAddress
            else { return }
            let block = sums + rows * rank  // [rank], sixteen tokens of Q
            sums.update(repeating: SIMD16<Float>(), count: rows * rank)
            for first in stride(from: tokens.lowerBound, to: tokens.upperBound, by: 16) {
              kernels.floatFromHalf(
                q + first * rank, rank * 16, UnsafeMutableRawPointer(block).assumingMemoryBound(to: Float.self))
              for row in 0..<rows {
                let source = weights + row * weightStride + first - tokens.lowerBound
                let weight = leading(source, tokens.upperBound - first)
                for column in 0..<rank { sums[row * rank + column] += weight * block[column] }
              }
            }
            kernels.floatFromHalf(p, rank * headDim, scratch)
            for row in 0..<rows {
              for column in 0..<rank {
                let sum = sums[row * rank + column].sum()
                for channel in stride(from: 0, to: headDim, by: 16) {
                  let target = acc + row * headDim + channel
                  UnsafeMutableRawPointer(target).storeBytes(
                    of: vector(target) + vector(scratch + column * headDim + channel) * sum, as: SIMD16<Float>.self)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Adds Q P^T to all tokens' rows [tokens, headDim].
  func addAll(to rows: UnsafeMutablePointer<Float>, tokens: Int) {
    let wide = p.map(Half.float)
    for token in 0..<tokens {
      let row = rows + token * headDim
      for column in 0..<rank {
        let factor = Half.float(q[(token / 16 * rank + column) * 16 + token % 16])
        for channel in 0..<headDim { row[channel] += factor * wide[column * headDim + channel] }
      }
    }
  }

  /// Adds Q P^T to one token's row.
  func add(_ token: Int, to row: UnsafeMutablePointer<Float>) {
    for column in 0..<rank {
      let factor = Half.float(q[(token / 16 * rank + column) * 16 + token % 16])
      for channel in 0..<headDim { row[channel] += factor * Half.float(p[column * headDim + channel]) }
    }
  }
}

@inline(__always) private func vector(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
}

/// Sixteen numbers of which only the first `count` may be read; the rest are zero.
@inline(__always) private func leading(_ p: UnsafePointer<Float>, _ count: Int) -> SIMD16<Float> {
  if count >= 16 { return vector(p) }
  var result = SIMD16<Float>()
  for lane in 0..<count { result[lane] = p[lane] }
  return result
}
