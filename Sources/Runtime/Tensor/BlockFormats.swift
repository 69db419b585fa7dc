import KernelABI

/// The 32-element block formats of GGUF, as the packer reads them (layouts: ggml's block_q4_0 ... block_q8_0).
///
/// Each keeps the file's codes and half-precision scales: repacking loses nothing.
enum Q4_0: BlockFormat {
  static let type = GGUFType.q4_0
  static let layout = PackedLayout(.nibbles, hasMinimum: false, shift: 4)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readNibbles(block + 2, unpacked.codes)
    return BlockScales(scale: block.loadUnaligned(as: UInt16.self))
  }
}

enum Q4_1: BlockFormat {
  static let type = GGUFType.q4_1
  static let layout = PackedLayout(.nibbles, hasMinimum: true)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readNibbles(block + 4, unpacked.codes)
    return BlockScales(
      scale: block.loadUnaligned(as: UInt16.self), minimum: (block + 2).loadUnaligned(as: UInt16.self))
  }
}

enum Q5_0: BlockFormat {
  static let type = GGUFType.q5_0
  static let layout = PackedLayout(.bytes, hasMinimum: false, shift: 3)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readNibbles(block + 6, unpacked.codes)
    addFifthBits((block + 2).loadUnaligned(as: UInt32.self), unpacked.codes)
    return BlockScales(scale: block.loadUnaligned(as: UInt16.self))
  }
}

enum Q5_1: BlockFormat {
  static let type = GGUFType.q5_1
  static let layout = PackedLayout(.bytes, hasMinimum: true)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readNibbles(block + 8, unpacked.codes)
    addFifthBits((block + 4).loadUnaligned(as: UInt32.self), unpacked.codes)
    return BlockScales(
      scale: block.loadUnaligned(as: UInt16.self), minimum: (block + 2).loadUnaligned(as: UInt16.self))
  }
}

enum Q8_0: BlockFormat {
  static let type = GGUFType.q8_0
  static let layout = PackedLayout(.bytes, hasMinimum: false)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    for i in 0..<32 { unpacked.codes[i] = (block + 2 + i).load(as: UInt8.self) ^ 0x80 }
    return BlockScales(scale: block.loadUnaligned(as: UInt16.self))
  }
}

/// Indices into a table of 16 signed bytes (ggml's block_iq4_nl).
enum IQ4_NL: BlockFormat {
  static let type = GGUFType.iq4_NL
  static let layout = PackedLayout(.nonLinear, hasMinimum: false)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readNibbles(block + 2, unpacked.codes)
    return BlockScales(scale: block.loadUnaligned(as: UInt16.self))
  }
}

/// Code i is the low nibble of byte i, code 16 + i its high nibble.
private func readNibbles(_ source: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) {
  for i in 0..<16 {
    let byte = (source + i).load(as: UInt8.self)
    codes[i] = byte & 15
    codes[16 + i] = byte >> 4
  }
}

private func addFifthBits(_ bits: UInt32, _ codes: UnsafeMutablePointer<UInt8>) {
  for i in 0..<32 { codes[i] |= UInt8(truncatingIfNeeded: (bits >> UInt32(i)) & 1) << 4 }
}
