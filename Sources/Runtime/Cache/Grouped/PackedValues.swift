import KernelABI

/// Packed values of one head: per token in groups of `group` channels, a half-precision scale and minimum each (sheet
/// kivi); codes in the blocks that `PackedValueBlocks` describes.
final class PackedValues {
  private var codes = GrowingBuffer<UInt8>()
  private var scales = GrowingBuffer<UInt16>()
  private var minima = GrowingBuffer<UInt16>()
  private(set) var count = 0
  let headDim: Int
  let bits: Int
  let group: Int

  /// - Parameter group: channels of a group, a multiple of 16 that divides `headDim`.
  init(headDim: Int, bits: Int, group: Int) {
    self.headDim = headDim
    self.bits = bits
    self.group = group
  }

  private var rowBytes: Int { headDim * bits / 8 }
  private var groups: Int { headDim / group }
  var payloadBytes: Int { count * rowBytes }
  var scaleBytes: Int { count * groups * 4 }
  /// Scales and minima that pad the last block.
  var slackBytes: Int { ((count + 31) / 32 * 32 - count) * groups * 4 }

  /// Bytes that summing a range reads.
  func readBytes(_ tokens: Range<Int>) -> Int { tokens.count * (rowBytes + groups * 4) }

  /// Packs tokens one by one; `values` are [tokens, headDim].
  func append(_ values: UnsafePointer<Float>, tokens: Int) {
    let blocks = (count + 31) / 32
    let needed = (count + tokens + 31) / 32
    codes.reserve(needed * 32 * rowBytes, keeping: blocks * 32 * rowBytes)
    scales.reserve(needed * groups * 32, keeping: blocks * groups * 32)
    minima.reserve(needed * groups * 32, keeping: blocks * groups * 32)
    for token in 0..<tokens { pack(values + token * headDim, slot: count + token) }
    count += tokens
  }

  /// Packs one token's values [headDim].
  private func pack(_ values: UnsafePointer<Float>, slot: Int) {
    let first = place(slot, 0)
    let shift = UInt32(truncatingIfNeeded: slot % 4 * 8 + first.shift)
    let others = ~(UInt32(truncatingIfNeeded: 1 << bits - 1) &<< shift)
    // 16 channels of a token lie in the same byte of 16 words, as `PackedValueBlocks` says.
    let words = UnsafeMutableRawPointer(codes.base + first.byte - slot % 4)
    for index in 0..<groups {
      let source = UnsafeRawPointer(values + index * group)
      func channels(_ channel: Int) -> SIMD16<Float> {
        source.loadUnaligned(fromByteOffset: 4 * channel, as: SIMD16<Float>.self)
      }
      var low = channels(0)
      var high = low
      for channel in stride(from: 16, to: group, by: 16) {
        let numbers = channels(channel)
        low.replace(with: numbers, where: numbers .< low)
        high.replace(with: numbers, where: numbers .> high)
      }
      let quantiser = GroupQuantiser(bits: bits, minimum: low.min(), maximum: high.max()).roundedToHalf()
      let place = (slot / 32 * groups + index) * 32 + slot % 32
      scales.base[place] = Half.bits(quantiser.scale)
      minima.base[place] = Half.bits(quantiser.minimum)
      for channel in stride(from: 0, to: group, by: 16) {
        let target = words + PackedValueBlocks.offset(channel: index * group + channel, bits: bits)
        let old = target.loadUnaligned(as: SIMD16<UInt32>.self)
        let codes = quantiser.codes(channels(channel)) &<< shift
        target.storeBytes(of: old & others | codes, as: SIMD16<UInt32>.self)
      }
    }
  }

  /// What kernels read, until the next token is packed.
  var blocks: PackedValueBlocks {
    PackedValueBlocks(
      codes: codes.base, scales: scales.base, minima: minima.base, scaleStride: groups * 32, bits: bits,
      headDim: headDim, groupChannels: group)
  }

  /// Weighted sums of tokens from a multiple of 32 on.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    blocks.accumulate(kernels, tokens, weights, weightStride: weightStride, rows: rows, acc)
  }

  private func place(_ token: Int, _ channel: Int) -> (byte: Int, shift: Int) {
    PackedValueBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    let place = (token / 32 * groups + channel / group) * 32 + token % 32
    let code = CodePacking.read(self.place(token, channel), bits: bits, codes.base)
    return Float(code) * Half.float(scales.base[place]) + Half.float(minima.base[place])
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
