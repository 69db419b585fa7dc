import KernelABI

/// Codes of one head in the blocks that `TokenKeys`, `BookKeys` and `TokenValues` describe; the last block is padded.
final class LaneBlocks {
  typealias Side = UniformCodes.Side

  private var words = GrowingBuffer<UInt32>()
  private(set) var count = 0
  let side: Side
  let headDim: Int
  let bits: Int

  init(_ side: Side, headDim: Int, bits: Int) {
    self.side = side
    self.headDim = headDim
    self.bits = bits
  }

  var base: UnsafePointer<UInt32> { UnsafePointer(words.base) }
  /// Tokens of a block.
  var blockTokens: Int { side == .keys ? 16 : 32 }
  func blocks(_ tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens }
  private var blockWords: Int { blockTokens * headDim * bits / 32 }

  var payloadBytes: Int { count * headDim * bits / 8 }
  /// The padding of the last block.
  var slackBytes: Int { (blocks(count) * blockTokens - count) * headDim * bits / 8 }

  /// Room for so many tokens more.
  func reserve(_ tokens: Int) {
    words.reserve(blocks(count + tokens) * blockWords, keeping: blocks(count) * blockWords)
  }

  /// Appends one token's codes [headDim], one a byte.
  func append(_ codes: UnsafePointer<UInt8>) {
    reserve(1)
    for channel in 0..<headDim { write(codes[channel], count, channel) }
    count += 1
  }

  /// The unit of a code, and its index and lane there.
  @inline(__always) private func place(_ token: Int, _ channel: Int) -> (
    unit: UnsafeMutablePointer<UInt32>, index: Int, lane: Int
  ) {
    let unit = LaneCodes.unitWords(bits)
    switch side {
    case .keys: return (words.base + (token / 16 * (headDim / 32) + channel / 32) * unit, channel % 32, token % 16)
    case .values: return (words.base + (token / 32 * (headDim / 16) + channel / 16) * unit, token % 32, channel % 16)
    }
  }

  @inline(__always) private func write(_ code: UInt8, _ token: Int, _ channel: Int) {
    let place = place(token, channel)
    LaneCodePacking.write(code, index: place.index, lane: place.lane, bits: bits, place.unit)
  }

  @inline(__always) func code(_ token: Int, _ channel: Int) -> UInt8 {
    let place = place(token, channel)
    return LaneCodePacking.read(index: place.index, lane: place.lane, bits: bits, place.unit)
  }

  /// Writes one token's codes over another's.
  func move(_ from: Int, to: Int) { for channel in 0..<headDim { write(code(from, channel), to, channel) } }

  /// Drops the tokens from `tokens` on.
  func cut(to tokens: Int) {
    count = tokens
    words.shrink(to: blocks(count) * blockWords)
  }

  func removeLast() { count -= 1 }

  /// Levels as the kernels read them, [32]: what each of the 2^bits codes stands for, repeated if there are fewer.
  static func table(_ levels: [Float]?, bits: Int) -> AlignedBuffer<Float> {
    let table = AlignedBuffer<Float>(count: 32)
    for index in 0..<32 {
      let code = index % (1 << min(5, bits))
      table.base[index] = levels.map { $0[code] } ?? Float(code)
    }
    return table
  }
}
