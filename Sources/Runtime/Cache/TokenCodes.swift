import KernelABI

/// Packed keys or values of one head with a half-precision scale and minimum for each token and group of channels;
/// single tokens can leave.
final class TokenCodes {
  private let codes: LaneBlocks
  private let scales: TokenScales
  private let levels: AlignedBuffer<Float>
  /// Channels that share a scale.
  let group: Int

  init(_ side: LaneBlocks.Side, headDim: Int, bits: Int, group: Int) {
    self.group = group
    codes = LaneBlocks(side, headDim: headDim, bits: bits)
    scales = TokenScales(groups: headDim / group, blockTokens: codes.blockTokens)
    levels = LaneBlocks.table(nil, bits: bits)
  }

  var count: Int { codes.count }
  var bits: Int { codes.bits }
  var payloadBytes: Int { codes.payloadBytes }
  var scaleBytes: Int { scales.bytes }
  /// The padding of the last block.
  var slackBytes: Int { codes.slackBytes + scales.slackBytes }

  /// Appends one token: codes [headDim], one a byte, and a scale for each group.
  func append(_ source: UnsafePointer<UInt8>, _ stored: UnsafePointer<StoredScale>) {
    codes.append(source)
    scales.append(stored)
  }

  /// Room for so many tokens more.
  func reserve(_ tokens: Int) {
    codes.reserve(tokens)
    scales.reserve(tokens)
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<codes.headDim {
      let stored = scales[token, channel / group]
      target[channel] = Float(codes.code(token, channel)) * Half.float(stored.scale) + Half.float(stored.minimum)
    }
  }

  /// Keeps the given tokens, ascending.
  func keep(_ slots: [Int]) {
    for (target, slot) in slots.enumerated() where target != slot {
      codes.move(slot, to: target)
      scales.move(slot, to: target)
    }
    codes.cut(to: slots.count)
    scales.cut(to: slots.count)
  }

  /// Drops one token; the last one takes its place.
  func remove(_ slot: Int) {
    if slot != count - 1 {
      codes.move(count - 1, to: slot)
      scales.move(count - 1, to: slot)
    }
    codes.removeLast()
    scales.removeLast()
  }

  /// Scores of tokens in units of 32 from `tokens.lowerBound`; writes whole blocks of 16.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    let keys = TokenKeys(
      codes: codes.base, levels: levels.base, scales: scales.scales, minima: scales.minima, bits: codes.bits,
      headDim: codes.headDim, groupChannels: group)
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    withKernelScratch(of: Float.self, capacity: TokenKeys.scratchFloats(headDim: codes.headDim)) {
      guard let scratch = $0.baseAddress else { return }
      kernels.lanes.tokenKeyScores(keys, blocks, queries, rows, out, outStride, scratch)
    }
  }

  /// Weighted sums of tokens from a multiple of 32 on.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let values = TokenValues(
      codes: codes.base, levels: levels.base, scales: scales.scales, minima: scales.minima, bits: codes.bits,
      headDim: codes.headDim, groupChannels: group)
    withKernelScratch(of: Float.self, capacity: TokenValues.scratchFloats) {
      guard let scratch = $0.baseAddress else { return }
      kernels.lanes.accumulateTokenValues(values, tokens, weights, weightStride, rows, acc, scratch)
    }
  }
}
