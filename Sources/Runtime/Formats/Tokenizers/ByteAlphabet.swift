/// The printable characters that stand for bytes in a byte-level vocabulary (GPT-2's encoder.py, `bytes_to_unicode`).
///
/// Bytes that print in Latin-1 stand for themselves; the other 68 are U+0100, U+0101, ... in byte order.
enum ByteAlphabet {
  private static let shiftedBytes: [UInt8] = (UInt8.min...UInt8.max).filter { !printsAsItself($0) }

  private static func printsAsItself(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
    default: false
    }
  }

  /// The byte that a character stands for; nil for a character outside the alphabet.
  static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    if scalar.value < 0x100 {
      let byte = UInt8(truncatingIfNeeded: scalar.value)
      return printsAsItself(byte) ? byte : nil
    }
    let index = Int(scalar.value - 0x100)
    return index < shiftedBytes.count ? shiftedBytes[index] : nil
  }

  /// Appends the bytes that a token's text stands for.
  ///
  /// Returns false, and appends nothing, if a character is outside the alphabet.
  static func append(_ token: Substring.UnicodeScalarView, to bytes: inout [UInt8]) -> Bool {
    let start = bytes.count
    for scalar in token {
      guard let byte = byte(scalar) else {
        bytes.removeSubrange(start...)
        return false
      }
      bytes.append(byte)
    }
    return true
  }
}
