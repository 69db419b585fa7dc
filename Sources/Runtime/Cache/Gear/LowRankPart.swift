import KernelABI

/// The low-rank part Q P^T of one head's block of tokens, in half precision.
///
/// It is attended as (q P) Q^T and (w Q) P^T, never multiplied out. Several heads may share one Q.
final class LowRankPart {
  let rank: Int
  let tokens: Int
  let headDim: Int
  let q: AlignedBuffer<UInt16>  // [token block, rank, 16]
  let p: AlignedBuffer<UInt16>  // [rank, headDim]

  /// Q in blocks of 16 tokens, so that scores have tokens in the lanes; the last block is padded with zeros.
  static func blocks(
    _ factors: PowerIteration.Factors, tokens: Int, _ kernels: KernelTable, spares: SpareBuffers<UInt16>? = nil
  ) -> AlignedBuffer<UInt16> {
    let rank = factors.rank
    let padded = (tokens + 15) / 16 * 16
    let q = spares?.take(padded * rank) ?? AlignedBuffer<UInt16>(count: padded * rank)
    var column = [UInt16](repeating: 0, count: padded)
    for j in 0..<rank {
      factors.q.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { kernels.halfFromFloat(base + j * tokens, tokens, &column) }
      }
      column.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        for block in 0..<padded / 16 {
          (q.base + (block * rank + j) * 16).update(from: source + block * 16, count: 16)
        }
      }
    }
    return q
  }

  /// The part of one head, whose channels begin at `channel` of the factors' columns.
  init(_ factors: PowerIteration.Factors, q: AlignedBuffer<UInt16>, tokens: Int, channel: Int, headDim: Int) {
    rank = factors.rank
    self.tokens = tokens
    self.headDim = headDim
    self.q = q
    let columns = factors.rank == 0 ? 0 : factors.p.count / factors.rank
    p = AlignedBuffer(count: rank * headDim)
    for column in 0..<rank {
      for index in 0..<headDim {
        p.base[column * headDim + index] = Half.bits(factors.p[column * columns + channel + index])
      }
    }
  }

  /// Bytes of Q without padding, of its padding, and of P.
  var qBytes: Int { 2 * rank * tokens }
  var slackBytes: Int { 2 * rank * ((tokens + 15) / 16 * 16) - qBytes }
  var pBytes: Int { 2 * p.count }

  /// What attention reads.
  var factors: LowRankFactors {
    LowRankFactors(q: q.base, p: p.base, rank: rank, headDim: headDim)
  }

  /// Adds Q P^T to the rows [tokens, headDim] of a range that begins at a multiple of 16.
  func addRows(_ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    guard !tokens.isEmpty, rank > 0 else { return }
    withKernelScratch(of: Float.self, capacity: rank * headDim) { wideP in
      guard let wideP = wideP.baseAddress else { return }
      kernels.floatFromHalf(p.base, rank * headDim, wideP)
      withWideQ(tokens, kernels) {
        kernels.corrections.addLowRankRows($0, wideP, rank, headDim, tokens.count, rows)
      }
    }
  }

  /// Calls `body` with Q of a range that begins at a multiple of 16, [token block, rank, 16], in single precision.
  func withWideQ(_ tokens: Range<Int>, _ kernels: KernelTable, _ body: (UnsafePointer<Float>) -> Void) {
    let count = rank * ((tokens.count + 15) / 16 * 16)
    withKernelScratch(of: Float.self, capacity: max(1, count)) { wide in
      guard let wide = wide.baseAddress else { return }
      kernels.floatFromHalf(q.base + tokens.lowerBound * rank, count, wide)
      body(wide)
    }
  }

  /// Adds Q P^T to one token's row.
  func add(_ token: Int, to row: UnsafeMutablePointer<Float>) {
    for column in 0..<rank {
      let factor = Half.float(q.base[(token / 16 * rank + column) * 16 + token % 16])
      for channel in 0..<headDim { row[channel] += factor * Half.float(p.base[column * headDim + channel]) }
    }
  }
}

extension LowRankFactors {
  /// out[row, i] += (query P) . Q[tokens.lowerBound + i]; the range begins at a multiple of 16, whole blocks are written.
  func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty, rank > 0 else { return }
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    kernels.corrections.addLowRankScores(self, blocks, queries, rows, out, outStride)
  }

  /// acc[row, :] += (weights Q) P^T; the range begins at a multiple of 16.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty, rank > 0 else { return }
    kernels.corrections.addLowRankValues(self, tokens, weights, weightStride, rows, acc)
  }
}
