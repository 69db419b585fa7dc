import KernelABI

/// The low-rank part Q P^T of one head's block of tokens, in half precision.
///
/// It is attended as (q P) Q^T and (w Q) P^T, never multiplied out. Several heads may share one Q.
final class LowRankPart {
  let rank: Int
  let tokens: Int
  let headDim: Int
  let q: [UInt16]  // [token block, rank, 16]
  let p: [UInt16]  // [rank, headDim]

  /// Q in blocks of 16 tokens, so that scores have tokens in the lanes; the last block is padded with zeros.
  static func blocks(_ factors: PowerIteration.Factors, tokens: Int, _ kernels: KernelTable) -> [UInt16] {
    let rank = factors.rank
    let padded = (tokens + 15) / 16 * 16
    var q = [UInt16](repeating: 0, count: padded * rank)
    var column = [UInt16](repeating: 0, count: padded)
    for j in 0..<rank {
      factors.q.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { kernels.halfFromFloat(base + j * tokens, tokens, &column) }
      }
      q.withUnsafeMutableBufferPointer { target in
        column.withUnsafeBufferPointer { source in
          guard let target = target.baseAddress, let source = source.baseAddress else { return }
          for block in 0..<padded / 16 {
            (target + (block * rank + j) * 16).update(from: source + block * 16, count: 16)
          }
        }
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

  private func withFactors(_ body: (LowRankFactors) -> Void) {
    guard rank > 0 else { return }
    q.withUnsafeBufferPointer { q in
      p.withUnsafeBufferPointer { p in
        guard let q = q.baseAddress, let p = p.baseAddress else { return }
        body(LowRankFactors(q: q, p: p, rank: rank, headDim: headDim))
      }
    }
  }

  /// out[row, i] += (query P) . Q[tokens.lowerBound + i]; the range begins at a multiple of 16, whole blocks are written.
  func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    withFactors { kernels.corrections.addLowRankScores($0, blocks, queries, rows, out, outStride) }
  }

  /// acc[row, :] += (weights Q) P^T; the range begins at a multiple of 16.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    withFactors { kernels.corrections.addLowRankValues($0, tokens, weights, weightStride, rows, acc) }
  }

  /// Adds Q P^T to the rows [tokens, headDim] of a range that begins at a multiple of 16.
  func addRows(_ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    guard !tokens.isEmpty else { return }
    let blocks = (tokens.count + 15) / 16
    withFactors { factors in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rank * (blocks * 16 + headDim)) { scratch in
        guard let wide = scratch.baseAddress else { return }
        let p = wide + rank * blocks * 16
        kernels.floatFromHalf(factors.q + tokens.lowerBound * rank, rank * blocks * 16, wide)
        kernels.floatFromHalf(factors.p, rank * headDim, p)
        kernels.corrections.addLowRankRows(wide, p, rank, headDim, tokens.count, rows)
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
