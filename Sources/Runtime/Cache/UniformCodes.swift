import KernelABI

/// Codes of one head that share a single scale and minimum with the whole tensor (sheet gear, variant A).
///
/// Keys lie in units of 32 tokens, [unit, headDim, 32 * bits / 8]; values token by token, [token, headDim * bits / 8].
/// The last unit of keys is padded.
struct UniformCodes {
  enum Side: Sendable {
    case keys
    case values
  }

  private let codes: AlignedBuffer<UInt8>
  private let side: Side
  let quantiser: GroupQuantiser
  let tokens: Int
  let headDim: Int
  let bits: Int

  /// All codes are zero at first.
  init(_ side: Side, tokens: Int, headDim: Int, bits: Int, quantiser: GroupQuantiser) {
    self.side = side
    self.tokens = tokens
    self.headDim = headDim
    self.bits = bits
    self.quantiser = quantiser
    let stored = side == .keys ? (tokens + 31) / 32 * 32 : tokens
    codes = AlignedBuffer(count: stored * headDim * bits / 8)
  }

  var payloadBytes: Int { tokens * headDim * bits / 8 }
  var slackBytes: Int { codes.count - payloadBytes }

  private func place(_ token: Int, _ channel: Int) -> Int {
    side == .keys ? (token / 32 * headDim + channel) * 32 + token % 32 : token * headDim + channel
  }

  func write(_ code: UInt8, token: Int, channel: Int) {
    CodePacking.write(code, at: place(token, channel), bits: bits, codes.base)
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    quantiser.restored(CodePacking.read(place(token, channel), bits: bits, codes.base))
  }

  /// Scores of tokens in units of 32 from `tokens.lowerBound`; writes whole units.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * (headDim + 1)) { scratch in
      guard let scaled = scratch.baseAddress else { return }
      let bias = scaled + rows * headDim
      for row in 0..<rows {
        var sum: Float = 0
        for channel in row * headDim..<(row + 1) * headDim {
          scaled[channel] = queries[channel] * quantiser.scale
          sum += queries[channel]
        }
        bias[row] = sum * quantiser.minimum
      }
      for unit in tokens.lowerBound / 32..<(tokens.upperBound + 31) / 32 {
        kernels.packedKeyScores(
          codes.base + unit * headDim * 4 * bits, bits, 4 * bits, headDim, scaled, bias, rows,
          out + unit * 32 - tokens.lowerBound, outStride)
      }
    }
  }

  /// Weighted sums of a range of tokens.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let rowBytes = headDim * bits / 8
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * 33) { scratch in
      guard let scaled = scratch.baseAddress else { return }
      let sums = scaled + rows * 32
      sums.update(repeating: 0, count: rows)
      for first in stride(from: tokens.lowerBound, to: tokens.upperBound, by: 32) {
        let taken = min(32, tokens.upperBound - first)
        for row in 0..<rows {
          let source = weights + row * weightStride + first - tokens.lowerBound
          for token in 0..<taken {
            scaled[row * 32 + token] = source[token] * quantiser.scale
            sums[row] += source[token]
          }
        }
        kernels.accumulatePackedValues(
          codes.base + first * rowBytes, bits, taken, headDim, headDim, scaled, rows, acc)
      }
      for row in 0..<rows {
        let offset = sums[row] * quantiser.minimum
        for channel in row * headDim..<(row + 1) * headDim { acc[channel] += offset }
      }
    }
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
