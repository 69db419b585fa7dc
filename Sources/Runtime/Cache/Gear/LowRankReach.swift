import KernelABI

/// Where the low-rank part of one head may be as large as a limit: at the tokens and channels of which the product of the
/// norms of Q's row and P's column is (Cauchy and Schwarz). That is hardly anywhere, and found without multiplying out.
struct LowRankReach {
  /// P of the head in single precision, [rank, headDim].
  let p: AlignedBuffer<Float>
  private let rank: Int
  private let headDim: Int
  /// Channels by the squares of their columns' norms, the largest first.
  private let channels: [(index: Int, square: Float)]
  private let limitSquare: Float

  init(_ part: LowRankPart, limit: Float, _ kernels: KernelTable) {
    rank = part.rank
    headDim = part.headDim
    limitSquare = limit * limit
    let wide = AlignedBuffer<Float>(count: part.rank * part.headDim)
    kernels.floatFromHalf(part.p.base, wide.count, wide.base)
    p = wide
    let squares = (0..<part.headDim).map { channel in
      (0..<part.rank).reduce(Float(0)) { sum, j in
        let number = wide.base[j * part.headDim + channel]
        return sum + number * number
      }
    }
    // What is not a number may be anything.
    channels = squares.enumerated().map { (index: $0, square: $1.isNaN ? .infinity : $1) }
      .sorted { $0.square > $1.square }
  }

  /// Marks codes [tokens, headDim] as doubted; q [token block, rank, 16].
  func mark(_ codes: UnsafeMutablePointer<UInt8>, q: UnsafePointer<Float>, tokens: Int) {
    guard rank > 0, let largest = channels.first?.square else { return }
    for first in stride(from: 0, to: tokens, by: 16) {
      var squares = SIMD16<Float>()
      for j in 0..<rank {
        let column = UnsafeRawPointer(q + first * rank + j * 16).loadUnaligned(as: SIMD16<Float>.self)
        squares += column * column
      }
      if all(squares * largest .< limitSquare) { continue }
      for token in first..<min(tokens, first + 16) {
        for channel in channels {
          if squares[token - first] * channel.square < limitSquare { break }
          codes[token * headDim + channel.index] |= CodedRun.doubted
        }
      }
    }
  }
}
