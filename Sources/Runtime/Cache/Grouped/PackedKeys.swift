import KernelABI

/// Packed keys of one head: per channel in groups of `group` tokens, a half-precision scale and minimum per channel and
/// group (sheet kivi); codes in the blocks that `PackedKeyBlocks` describes.
final class PackedKeys {
  private var codes = GrowingBuffer<UInt8>()
  private var scales = GrowingBuffer<UInt16>()  // [group, headDim]
  private var minima = GrowingBuffer<UInt16>()  // [group, headDim]
  private(set) var count = 0
  let headDim: Int
  let bits: Int
  let group: Int

  /// - Parameter group: tokens of a group, a multiple of 16.
  init(headDim: Int, bits: Int, group: Int) {
    self.headDim = headDim
    self.bits = bits
    self.group = group
  }

  private var groupBytes: Int { group * headDim * bits / 8 }
  var payloadBytes: Int { count * headDim * bits / 8 }
  var scaleBytes: Int { count / group * headDim * 4 }

  /// Bytes that scoring a range reads: its codes, and the scales of each group it touches.
  func readBytes(_ tokens: Range<Int>) -> Int {
    let groups = tokens.isEmpty ? 0 : (tokens.upperBound + group - 1) / group - tokens.lowerBound / group
    return tokens.count * headDim * bits / 8 + groups * headDim * 4
  }

  /// Packs whole groups; `keys` are [tokens, headDim] and `tokens` a multiple of `group`.
  func append(_ keys: UnsafePointer<Float>, tokens: Int) {
    let groups = count / group
    let added = tokens / group
    codes.reserve((groups + added) * groupBytes, keeping: groups * groupBytes)
    scales.reserve((groups + added) * headDim, keeping: groups * headDim)
    minima.reserve((groups + added) * headDim, keeping: groups * headDim)
    for index in 0..<added { pack(keys + index * group * headDim, group: groups + index) }
    count += added * group
  }

  /// Packs one group's keys [group, headDim].
  private func pack(_ keys: UnsafePointer<Float>, group index: Int) {
    withKernelScratch(of: Float.self, capacity: 2 * headDim) { area in
      guard let low = area.baseAddress else { return }
      let high = low + headDim
      low.update(from: keys, count: headDim)
      high.update(from: keys, count: headDim)
      for token in 1..<group {
        let row = keys + token * headDim
        for channel in 0..<headDim {
          low[channel] = min(low[channel], row[channel])
          high[channel] = max(high[channel], row[channel])
        }
      }
      let target = UnsafeMutableRawPointer(codes.base + index * groupBytes)
      // Four channels of 16 tokens at a time, one after the other in the bits of a vector, as `PackedKeyBlocks` says.
      for four in 0..<headDim / 4 {
        for channel in 4 * four..<4 * four + 4 {
          let quantiser = GroupQuantiser(bits: bits, minimum: low[channel], maximum: high[channel]).roundedToHalf()
          scales.base[index * headDim + channel] = Half.bits(quantiser.scale)
          minima.base[index * headDim + channel] = Half.bits(quantiser.minimum)
          let shift = UInt32(truncatingIfNeeded: channel % 4 * 8 + four * bits % 8)
          for block in 0..<group / 16 {
            var tokens = SIMD16<Float>()
            for token in 0..<16 { tokens[token] = keys[(block * 16 + token) * headDim + channel] }
            let place = target + block * 2 * headDim * bits + four * bits / 8 * 64
            let isFirst = shift == 0
            let words = isFirst ? SIMD16<UInt32>() : place.loadUnaligned(as: SIMD16<UInt32>.self)
            place.storeBytes(of: words | quantiser.codes(tokens) &<< shift, as: SIMD16<UInt32>.self)
          }
        }
      }
    }
  }

  /// What kernels read, until the next token is packed.
  var blocks: PackedKeyBlocks {
    PackedKeyBlocks(
      codes: codes.base, scales: scales.base, minima: minima.base, bits: bits, headDim: headDim,
      groupBlocks: group / 16)
  }

  /// Scores of tokens in units of 32 from `tokens.lowerBound`; writes whole blocks of 16.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    blocks.scores(
      kernels, tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16, queries, rows: rows, out, outStride: outStride)
  }

  private func place(_ token: Int, _ channel: Int) -> (byte: Int, shift: Int) {
    PackedKeyBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    let place = token / group * headDim + channel
    let code = CodePacking.read(self.place(token, channel), bits: bits, codes.base)
    return Float(code) * Half.float(scales.base[place]) + Half.float(minima.base[place])
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
