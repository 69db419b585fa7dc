/// JSON that keeps the order of names and tells whole numbers from others, which Foundation's reader does not.
struct JSONReader {
  private static let maximumDepth = 200
  private let bytes: [UInt8]
  private var index = 0
  private var line: Int
  /// Asked every few thousand values; what it throws ends the reading.
  private let check: () throws -> Void
  private var values = 0

  init(_ text: String, line: Int = 1, check: @escaping () throws -> Void = {}) {
    bytes = Array(text.utf8)
    self.line = line
    self.check = check
  }

  mutating func document() throws -> Value {
    let value = try value(depth: 0)
    skipBlanks()
    guard index == bytes.count else { throw problem("text after the end") }
    return value
  }

  private func problem(_ seen: String) -> Problem { .unreadableText("JSON", seen, line: line) }
  private var byte: UInt8 { index < bytes.count ? bytes[index] : 0 }

  private mutating func skipBlanks() {
    while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) {
      if bytes[index] == 0x0A { line += 1 }
      index += 1
    }
  }

  private mutating func value(depth: Int) throws -> Value {
    guard depth < Self.maximumDepth else { throw problem("nested too deeply") }
    values &+= 1
    if values & 0xFFF == 0 { try check() }
    skipBlanks()
    switch byte {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .nil)
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: Value) throws -> Value {
    guard bytes[index...].starts(with: word.utf8) else { throw problem("an unknown word") }
    index += word.utf8.count
    return value
  }

  private mutating func number() throws -> Value {
    let start = index
    while index < bytes.count, Lexer.isDigit(bytes[index]) || "+-.eE".utf8.contains(bytes[index]) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if let whole = Int(text) { return .int(whole) }
    guard let number = Double(text) else { throw problem(start == bytes.count ? "the text ends early" : "no value") }
    guard number.isFinite else { throw problem("a number too large") }
    return .float(number)
  }

  private mutating func array(_ depth: Int) throws -> Value {
    index += 1
    var elements: [Value] = []
    skipBlanks()
    if byte != UInt8(ascii: "]") {
      while true {
        elements.append(try value(depth: depth + 1))
        skipBlanks()
        guard byte == UInt8(ascii: ",") else { break }
        index += 1
      }
    }
    guard byte == UInt8(ascii: "]") else { throw problem("a list does not end") }
    index += 1
    return .list(elements)
  }

  private mutating func object(_ depth: Int) throws -> Value {
    index += 1
    var record = Record()
    skipBlanks()
    if byte != UInt8(ascii: "}") {
      while true {
        skipBlanks()
        guard byte == UInt8(ascii: "\"") else { throw problem("a name in quotes is missing") }
        let name = try string()
        skipBlanks()
        guard byte == UInt8(ascii: ":") else { throw problem("`:` is missing after \(Value.quoted(name))") }
        index += 1
        record[name] = try value(depth: depth + 1)
        skipBlanks()
        guard byte == UInt8(ascii: ",") else { break }
        index += 1
      }
    }
    guard byte == UInt8(ascii: "}") else { throw problem("an object does not end") }
    index += 1
    return .record(record)
  }

  private mutating func string() throws -> String {
    index += 1
    var text: [UInt8] = []
    while index < bytes.count {
      let next = bytes[index]
      index += 1
      switch next {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw problem("a control character in a string")
      default: text.append(next)
      }
    }
    throw problem("a string does not end")
  }

  private mutating func escape(_ text: inout [UInt8]) throws {
    let letter = byte
    index += 1
    switch letter {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "u"):
      var code = try unit()
      if (0xD800..<0xDC00).contains(code), byte == UInt8(ascii: "\\"), index + 1 < bytes.count,
        bytes[index + 1] == UInt8(ascii: "u")
      {
        index += 2
        let low = try unit()
        code = (0xDC00..<0xE000).contains(low) ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD
      }
      text += Array(String(Character(UnicodeScalar(code) ?? "\u{FFFD}")).utf8)
    default: throw problem("an unknown escape")
    }
  }

  private mutating func unit() throws -> UInt32 {
    guard index + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw problem("four hexadecimal digits are missing after \\u") }
    index += 4
    return code
  }
}
