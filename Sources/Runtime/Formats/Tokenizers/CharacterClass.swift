/// The classes of characters that the split rules of tokenizers tell apart.
enum CharacterClass {
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s`, which is Unicode's White_Space
  case whitespace
  /// `[^\s\p{L}\p{N}]`
  case other

  /// The class of the character that starts at `index`, and its length in bytes.
  ///
  /// `text` is valid UTF-8 and `index` the start of a character in it.
  @inline(__always)
  static func at(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> (class: CharacterClass, byteCount: Int) {
    let byte = text[index]
    guard byte >= 0x80 else { return (ascii(byte), 1) }
    let (scalar, byteCount) = scalar(at: index, text)
    return (of(scalar), byteCount)
  }

  @inline(__always)
  private static func ascii(_ byte: UInt8) -> CharacterClass {
    if (byte | 0x20) &- 0x61 < 26 { return .letter }
    if byte == 0x20 || byte &- 9 < 5 { return .whitespace }
    return byte &- 0x30 < 10 ? .number : .other
  }

  static func of(_ scalar: Unicode.Scalar) -> CharacterClass {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: scalar.properties.isWhitespace ? .whitespace : .other
    }
  }

  /// Decodes the character that starts at `index`.
  static func scalar(
    at index: Int, _ text: UnsafeBufferPointer<UInt8>
  ) -> (scalar: Unicode.Scalar, byteCount: Int) {
    let lead = UInt32(text[index])
    let byteCount = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard byteCount > 1, index + byteCount <= text.count else {
      return (Unicode.Scalar(UInt8(truncatingIfNeeded: lead)), 1)
    }
    var value = lead & (0xFF >> UInt32(byteCount + 1))
    for offset in 1..<byteCount { value = value << 6 | UInt32(text[index + offset] & 0x3F) }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", byteCount)
  }
}
