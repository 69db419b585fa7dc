import KernelABI

/// The 256-element formats of GGUF with integer scales, as the packer and the dequantiser read them (layouts: ggml's
/// block_q2_K ... block_q6_K).
///
/// Both keep the integers of the file: a weight's scale is one half-precision number times a small integer, which
/// single precision holds exactly.
enum Q2_K: BlockFormat {
  static let type = GGUFType.q2_K
  static let layout = PackedLayout(.nibbles, parts: 2, hasMinimum: true, hasHeaders: true)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    for part in 0..<16 {
      let byte = (block + part).load(as: UInt8.self)
      unpacked.scales[part] = Int8(byte & 15)
      unpacked.minima[part] = Int8(byte >> 4)
    }
    readPairs(block + 16, unpacked.codes)
    return BlockScales(scale: short(block, 80), minimum: short(block, 82) ^ 0x8000)
  }
}

enum Q3_K: BlockFormat {
  static let type = GGUFType.q3_K
  static let layout = PackedLayout(.nibbles, parts: 2, hasMinimum: false, hasHeaders: true, shift: 5)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readPairs(block + 32, unpacked.codes)
    // Bit k of byte i is the third bit of code 32 k + i.
    for i in 0..<256 { unpacked.codes[i] |= ((block + i % 32).load(as: UInt8.self) >> UInt8(i / 32) & 1) << 2 }
    for part in 0..<16 {
      let low = (block + (96 + part % 8)).load(as: UInt8.self) >> (part < 8 ? 0 : 4) & 15
      let high = (block + (104 + part % 4)).load(as: UInt8.self) >> UInt8(part / 4 * 2) & 3
      unpacked.scales[part] = Int8(low | high << 4) - 32
    }
    return BlockScales(scale: short(block, 108))
  }
}

enum Q4_K: BlockFormat {
  static let type = GGUFType.q4_K
  static let layout = PackedLayout(.nibbles, hasMinimum: true, hasHeaders: true)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readScalesAndMinima(block + 4, unpacked)
    readNibblesByRuns(block + 16, unpacked.codes)
    return BlockScales(scale: short(block, 0), minimum: short(block, 2) ^ 0x8000)
  }
}

enum Q5_K: BlockFormat {
  static let type = GGUFType.q5_K
  static let layout = PackedLayout(.bytes, hasMinimum: true, hasHeaders: true)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    readScalesAndMinima(block + 4, unpacked)
    readNibblesByRuns(block + 48, unpacked.codes)
    // Bit k of byte i is the fifth bit of code 32 k + i.
    for i in 0..<256 { unpacked.codes[i] |= ((block + (16 + i % 32)).load(as: UInt8.self) >> UInt8(i / 32) & 1) << 4 }
    return BlockScales(scale: short(block, 0), minimum: short(block, 2) ^ 0x8000)
  }
}

enum Q6_K: BlockFormat {
  static let type = GGUFType.q6_K
  static let layout = PackedLayout(.bytes, parts: 2, hasMinimum: false, hasHeaders: true, shift: 2)

  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales {
    for i in 0..<256 {
      // In each 128: the low halves of 64 bytes, then their high halves; the upper bits in 4 layers over 32 bytes.
      let (half, place) = i.quotientAndRemainder(dividingBy: 128)
      let low = (block + (half * 64 + place % 64)).load(as: UInt8.self) >> (place < 64 ? 0 : 4) & 15
      let high = (block + (128 + half * 32 + place % 32)).load(as: UInt8.self) >> UInt8(place / 32 * 2) & 3
      unpacked.codes[i] = low | high << 4
    }
    for part in 0..<16 { unpacked.scales[part] = (block + (192 + part)).load(as: Int8.self) }
    return BlockScales(scale: short(block, 208))
  }
}

private func short(_ block: UnsafeRawPointer, _ offset: Int) -> UInt16 {
  UInt16(littleEndian: (block + offset).loadUnaligned(as: UInt16.self))
}

/// Two-bit codes: in each 128, four layers over 32 bytes.
private func readPairs(_ source: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) {
  for i in 0..<256 {
    codes[i] = (source + (i / 128 * 32 + i % 32)).load(as: UInt8.self) >> UInt8(i % 128 / 32 * 2) & 3
  }
}

/// Four-bit codes: in each 64, the low halves of 32 bytes, then their high halves.
private func readNibblesByRuns(_ source: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) {
  for i in 0..<256 {
    codes[i] = (source + (i / 64 * 32 + i % 32)).load(as: UInt8.self) >> (i % 64 < 32 ? 0 : 4) & 15
  }
}

/// Eight 6-bit scales and minima in 12 bytes (ggml's get_scale_min_k4).
private func readScalesAndMinima(_ source: UnsafeRawPointer, _ unpacked: UnpackedBlock) {
  func byte(_ index: Int) -> UInt8 { (source + index).load(as: UInt8.self) }
  for part in 0..<4 {
    unpacked.scales[part] = Int8(byte(part) & 63)
    unpacked.minima[part] = Int8(byte(part + 4) & 63)
    unpacked.scales[part + 4] = Int8(byte(part + 8) & 15 | (byte(part) >> 6) << 4)
    unpacked.minima[part + 4] = Int8(byte(part + 8) >> 4 | (byte(part + 4) >> 6) << 4)
  }
}
