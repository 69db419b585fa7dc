import KernelABI

/// Codes of one head that share a single scale and minimum with the whole tensor (sheet gear, variant A), in the blocks
/// that `PackedKeyBlocks` and `PackedValueBlocks` describe; the last block is padded.
final class UniformCodes {
  enum Side: Sendable {
    case keys
    case values
  }

  private let codes: GrowingBuffer<UInt8>
  /// The one scale and the one minimum as often as the kernels read them, [headDim] or [32].
  private let scales: AlignedBuffer<UInt16>
  private let minima: AlignedBuffer<UInt16>
  private let side: Side
  let quantiser: GroupQuantiser
  let tokens: Int
  let headDim: Int
  let bits: Int

  /// Codes to be stored in the memory of `old`, which can still be read where nothing has been stored yet.
  init(
    _ side: Side, tokens: Int, headDim: Int, bits: Int, quantiser: GroupQuantiser, replacing old: UniformCodes? = nil
  ) {
    self.side = side
    self.tokens = tokens
    self.headDim = headDim
    self.bits = bits
    self.quantiser = quantiser
    var memory = old?.codes ?? GrowingBuffer<UInt8>()
    memory.reserve((tokens + 15) / 16 * 2 * headDim * bits, keeping: old?.storedBytes ?? 0)
    codes = memory
    let repeats = max(32, headDim)
    scales = AlignedBuffer(count: repeats)
    minima = AlignedBuffer(count: repeats)
    scales.base.update(repeating: Half.bits(quantiser.scale), count: repeats)
    minima.base.update(repeating: Half.bits(quantiser.minimum), count: repeats)
  }

  private var storedBytes: Int { (tokens + 15) / 16 * 2 * headDim * bits }
  var payloadBytes: Int { tokens * headDim * bits / 8 }
  /// The padding of the last block, and the repetitions of scale and minimum.
  var slackBytes: Int { storedBytes - payloadBytes + 2 * (scales.count + minima.count) }

  /// Stores codes [tokens, headDim], one a byte, of tokens from a multiple of 16 on; rows up to the next multiple are read.
  func store(_ rows: UnsafePointer<UInt8>, _ tokens: Range<Int>, _ kernels: KernelTable) {
    let pack = side == .keys ? kernels.packing.packKeys : kernels.packing.packValues
    pack(rows, (tokens.count + 15) / 16, bits, headDim, codes.base + tokens.lowerBound / 16 * 2 * headDim * bits)
  }

  /// Restores rows [tokens, headDim] of tokens from a multiple of 16 on; rows up to the next multiple are written.
  func restore(
    _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<UInt8>,
    _ kernels: KernelTable
  ) {
    unpack(tokens, scratch, kernels)
    kernels.packing.restoreUniform(
      scratch, (tokens.count + 15) / 16 * 16 * headDim, quantiser.scale, quantiser.minimum, rows)
  }

  /// Codes [tokens, headDim], one a byte, of tokens from a multiple of 16 on; rows up to the next multiple are written.
  func unpack(_ tokens: Range<Int>, _ rows: UnsafeMutablePointer<UInt8>, _ kernels: KernelTable) {
    let unpack = side == .keys ? kernels.packing.unpackKeys : kernels.packing.unpackValues
    unpack(codes.base + tokens.lowerBound / 16 * 2 * headDim * bits, (tokens.count + 15) / 16, bits, headDim, rows)
  }

  private func place(_ token: Int, _ channel: Int) -> (byte: Int, shift: Int) {
    switch side {
    case .keys: PackedKeyBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
    case .values: PackedValueBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
    }
  }

  /// Stores one code.
  func set(_ token: Int, _ channel: Int, _ code: UInt8) {
    CodePacking.write(code, at: place(token, channel), bits: bits, codes.base)
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    quantiser.restored(CodePacking.read(place(token, channel), bits: bits, codes.base))
  }

  /// The codes as the kernels of keys take them.
  var keyBlocks: PackedKeyBlocks {
    PackedKeyBlocks(
      codes: codes.base, scales: scales.base, minima: minima.base, bits: bits, headDim: headDim, groupBlocks: Int.max)
  }

  /// The codes as the kernels of values take them.
  var valueBlocks: PackedValueBlocks {
    PackedValueBlocks(
      codes: codes.base, scales: scales.base, minima: minima.base, scaleStride: 0, bits: bits, headDim: headDim,
      groupChannels: headDim)
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
