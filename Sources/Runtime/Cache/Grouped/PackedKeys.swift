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
    let (codes, scales, minima) = (codes.base, scales.base, minima.base)
    for index in 0..<added {
      let source = keys + index * group * headDim
      for channel in 0..<headDim {
        var low = Float.infinity
        var high = -Float.infinity
        for token in 0..<group {
          low = min(low, source[token * headDim + channel])
          high = max(high, source[token * headDim + channel])
        }
        let quantiser = GroupQuantiser(bits: bits, minimum: low, maximum: high).roundedToHalf()
        let place = (groups + index) * headDim + channel
        scales[place] = Half.bits(quantiser.scale)
        minima[place] = Half.bits(quantiser.minimum)
        for token in 0..<group {
          CodePacking.write(
            quantiser.code(source[token * headDim + channel]),
            at: self.place((groups + index) * group + token, channel), bits: bits, codes)
        }
      }
    }
    count += added * group
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
