/// The 32-element block formats of GGUF, as the packer reads them (layouts: ggml's block_q4_0 ... block_q8_0).
///
/// Each keeps the file's codes and half-precision scales: repacking loses nothing.
enum Q4_0: BlockFormat {
  static let blockBytes = 18
  static let bits = 4
  static let zero: Int32 = 8
  static let hasMinimum = false

  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
  {
    readNibbles(block + 2, codes)
    return (block.loadUnaligned(as: UInt16.self), 0)
  }
}

enum Q4_1: BlockFormat {
  static let blockBytes = 20
  static let bits = 4
  static let zero: Int32 = 0
  static let hasMinimum = true

  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
  {
    readNibbles(block + 4, codes)
    return (block.loadUnaligned(as: UInt16.self), (block + 2).loadUnaligned(as: UInt16.self))
  }
}

enum Q5_0: BlockFormat {
  static let blockBytes = 22
  static let bits = 8
  static let zero: Int32 = 16
  static let hasMinimum = false

  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
  {
    readNibbles(block + 6, codes)
    addFifthBits((block + 2).loadUnaligned(as: UInt32.self), codes)
    return (block.loadUnaligned(as: UInt16.self), 0)
  }
}

enum Q5_1: BlockFormat {
  static let blockBytes = 24
  static let bits = 8
  static let zero: Int32 = 0
  static let hasMinimum = true

  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
  {
    readNibbles(block + 8, codes)
    addFifthBits((block + 4).loadUnaligned(as: UInt32.self), codes)
    return (block.loadUnaligned(as: UInt16.self), (block + 2).loadUnaligned(as: UInt16.self))
  }
}

enum Q8_0: BlockFormat {
  static let blockBytes = 34
  static let bits = 8
  static let zero: Int32 = 128
  static let hasMinimum = false

  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
  {
    for i in 0..<32 { codes[i] = (block + 2 + i).load(as: UInt8.self) ^ 0x80 }
    return (block.loadUnaligned(as: UInt16.self), 0)
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
