/// Decodes the inside of a JSON string when somebody asks for its text.
enum JSONByteText {
  /// The text of the bytes between two quotes.
  ///
  /// Never fails: a surrogate escape without its partner, which no Unicode text can hold, becomes U+FFFD, as does any byte
  /// sequence the scanner would have refused.
  static func decode(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    let range = range.clamped(to: 0..<bytes.count)
    let inside = UnsafeRawBufferPointer(rebasing: bytes[range])
    guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
    var text: [UInt8] = []
    text.reserveCapacity(inside.count)
    var i = 0
    while i < inside.count {
      let byte = inside[i]
      guard byte == UInt8(ascii: "\\"), i + 1 < inside.count else {
        text.append(byte)
        i += 1
        continue
      }
      switch inside[i + 1] {
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0c)
      case UInt8(ascii: "u"):
        let (scalar, used) = unicodeEscape(inside, at: i)
        text.append(contentsOf: Array(String(Character(scalar)).utf8))
        i += used
        continue
      case let other: text.append(other)
      }
      i += 2
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The text as a JSON string, quotes included.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\0"..<" ":
        out += "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  /// The scalar of `\uXXXX` or of a surrogate pair of two such escapes, and the bytes it takes.
  private static func unicodeEscape(_ inside: UnsafeRawBufferPointer, at start: Int) -> (Unicode.Scalar, used: Int) {
    let replacement: Unicode.Scalar = "\u{fffd}"
    guard let first = codeUnit(inside, at: start) else { return (replacement, min(6, inside.count - start)) }
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    guard first < 0xdc00, let second = codeUnit(inside, at: start + 6), (0xdc00...0xdfff).contains(second) else {
      return (replacement, 6)
    }
    let value = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
    return (Unicode.Scalar(value) ?? replacement, 12)
  }

  private static func codeUnit(_ inside: UnsafeRawBufferPointer, at start: Int) -> UInt32? {
    guard start + 6 <= inside.count, inside[start] == UInt8(ascii: "\\"), inside[start + 1] == UInt8(ascii: "u") else {
      return nil
    }
    var unit: UInt32 = 0
    for i in 2..<6 {
      guard let digit = JSONByteScanner.hexValue(inside[start + i]) else { return nil }
      unit = unit << 4 | digit
    }
    return unit
  }
}
