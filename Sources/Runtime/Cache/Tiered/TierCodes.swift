import KernelABI

/// Keys and values of one head in the codes of one tier: each token on its own, from its smallest to its largest number
/// in every group of channels (sheet mikv, step 3).
final class TierCodes {
  let keys: TokenCodes
  let values: TokenCodes
  private let headDim: Int

  init(headDim: Int, bits: Int, group: Int) {
    self.headDim = headDim
    keys = TokenCodes(.keys, headDim: headDim, bits: bits, group: group)
    values = TokenCodes(.values, headDim: headDim, bits: bits, group: group)
  }

  var count: Int { keys.count }
  var bits: Int { keys.bits }

  func reserve(_ tokens: Int) {
    keys.reserve(tokens)
    values.reserve(tokens)
  }

  /// Packs one token's key and value [headDim].
  func append(key: UnsafePointer<Float>, value: UnsafePointer<Float>) {
    pack(key, keys)
    pack(value, values)
  }

  private func pack(_ row: UnsafePointer<Float>, _ codes: TokenCodes) {
    withKernelScratch(of: UInt8.self, capacity: headDim) { bytes in
      withKernelScratch(of: StoredScale.self, capacity: headDim / codes.group) { scales in
        guard let bytes = bytes.baseAddress, let scales = scales.baseAddress else { return }
        for first in stride(from: 0, to: headDim, by: codes.group) {
          let quantiser = Self.quantiser(row + first, codes.group, bits: codes.bits)
          for channel in first..<first + codes.group { bytes[channel] = quantiser.code(row[channel]) }
          scales[first / codes.group] = StoredScale(
            scale: Half.bits(quantiser.scale), minimum: Half.bits(quantiser.minimum))
        }
        codes.append(bytes, scales)
      }
    }
  }

  /// The quantiser of one group of numbers, its scale and minimum as they are stored.
  static func quantiser(_ numbers: UnsafePointer<Float>, _ count: Int, bits: Int) -> GroupQuantiser {
    var (low, high) = (numbers[0], numbers[0])
    for index in 1..<max(1, count) {
      low = min(low, numbers[index])
      high = max(high, numbers[index])
    }
    return GroupQuantiser(bits: bits, minimum: low, maximum: high).roundedToHalf()
  }

  /// Scores of tokens from anywhere, of exactly those.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    let first = tokens.lowerBound / 32 * 32
    let width = (tokens.upperBound - first + 31) / 32 * 32
    withKernelScratch(of: Float.self, capacity: rows * width) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      keys.scores(queries, rows: rows, tokens: first..<tokens.upperBound, scratch, outStride: width, kernels)
      for row in 0..<rows {
        (out + row * outStride).update(
          from: scratch + row * width + tokens.lowerBound - first, count: tokens.count)
      }
    }
  }

  /// Weighted sums of tokens from anywhere.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    let first = tokens.lowerBound / 32 * 32
    guard first < tokens.lowerBound else {
      return values.accumulate(weights, weightStride: weightStride, rows: rows, tokens: tokens, acc, kernels)
    }
    // The kernel begins at a block: what lies before the range weighs nothing.
    let width = tokens.upperBound - first
    withKernelScratch(of: Float.self, capacity: rows * width) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      for row in 0..<rows {
        let line = scratch + row * width
        line.update(repeating: 0, count: tokens.lowerBound - first)
        (line + tokens.lowerBound - first).update(from: weights + row * weightStride, count: tokens.count)
      }
      values.accumulate(
        scratch, weightStride: width, rows: rows, tokens: first..<tokens.upperBound, acc, kernels)
    }
  }

  func read(_ token: Int, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>) {
    keys.read(token, into: key)
    values.read(token, into: value)
  }

  func keep(_ slots: [Int]) {
    keys.keep(slots)
    values.keep(slots)
  }

  /// Drops one token; the last one takes its place.
  func remove(_ token: Int) {
    keys.remove(token)
    values.remove(token)
  }

  var bytes: ByteCount {
    var total = ByteCount()
    total.payload = keys.payloadBytes + values.payloadBytes
    total.scales = keys.scaleBytes + values.scaleBytes
    total.slack = keys.slackBytes + values.slackBytes
    return total
  }
}
