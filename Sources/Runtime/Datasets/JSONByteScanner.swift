/// Walks JSON text byte by byte without building values; every step checks the grammar and UTF-8.
///
/// Grammar: RFC 8259, plus `NaN` and `Infinity` as Python's `json` writes them. Nesting is limited, so that hostile input
/// cannot exhaust the stack.
struct JSONByteScanner {
  /// Where the text breaks the grammar (or, with `expected`, is valid JSON of the wrong shape), and how.
  struct Failure: Error, Equatable {
    var offset: Int
    var what: String
    /// True if the text ended where more was needed.
    var isCutShort = false
    /// What should have stood there instead of another kind of value.
    var expected: String?
  }

  static let depthLimit = 128

  let bytes: UnsafeRawBufferPointer
  /// First byte past the text to scan; at most `bytes.count`.
  let end: Int
  private(set) var offset: Int
  /// `\u` escapes of half a surrogate pair met so far: grammatical, but no text can hold them.
  private(set) var loneSurrogates = 0

  init(_ bytes: UnsafeRawBufferPointer, range: Range<Int>? = nil) {
    self.bytes = bytes
    let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The byte at the offset, or nil at the end.
  @inline(__always)
  var current: UInt8? {
    offset < end ? bytes[offset] : nil
  }

  @inline(__always)
  mutating func advance(_ count: Int = 1) {
    offset = min(end, offset &+ count)
  }

  @inline(__always)
  mutating func skipWhitespace() {
    while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset &+= 1 }
  }

  /// Steps over `byte` if it is next.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    offset &+= 1
    return true
  }

  /// A failure at the offset: "cut short" at the end, else what was found and what should stand there.
  func unexpected(_ expected: String) -> Failure {
    guard let byte = current else {
      return Failure(offset: offset, what: "the text ends where \(expected) should stand", isCutShort: true)
    }
    return Failure(offset: offset, what: "found \(Self.name(of: byte)), expected \(expected)")
  }

  static func name(of byte: UInt8) -> String {
    switch byte {
    case 0x21...0x7e: "'\(Character(UnicodeScalar(byte)))'"
    case 0x20: "a space"
    default: "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }

  // MARK: Values

  /// Steps over one value of any kind.
  mutating func skipValue(depth: Int = 0) throws(Failure) {
    skipWhitespace()
    switch current {
    case UInt8(ascii: "\""): _ = try skipString()
    case UInt8(ascii: "{"):
      try eachMember(depth: depth) { (scanner, _) throws(Failure) in try scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["):
      try eachElement(depth: depth) { (scanner) throws(Failure) in try scanner.skipValue(depth: depth + 1) }
    default: try skipScalar()
    }
  }

  /// Walks the object at the offset; `body` gets the byte range of each key (inside the quotes) and must step over the value.
  mutating func eachMember(
    depth: Int, _ body: (inout JSONByteScanner, Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    guard depth < Self.depthLimit else { throw tooDeep }
    guard take(UInt8(ascii: "{")) else { throw unexpected("an object") }
    skipWhitespace()
    if take(UInt8(ascii: "}")) { return }
    while true {
      skipWhitespace()
      guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try skipString()
      skipWhitespace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':' after a key") }
      skipWhitespace()
      try body(&self, key)
      skipWhitespace()
      if take(UInt8(ascii: "}")) { return }
      guard take(UInt8(ascii: ",")) else { throw unexpected("',' or '}'") }
    }
  }

  /// Walks the array at the offset; `body` must step over each element.
  mutating func eachElement(
    depth: Int, _ body: (inout JSONByteScanner) throws(Failure) -> Void
  ) throws(Failure) {
    guard depth < Self.depthLimit else { throw tooDeep }
    guard take(UInt8(ascii: "[")) else { throw unexpected("an array") }
    skipWhitespace()
    if take(UInt8(ascii: "]")) { return }
    while true {
      skipWhitespace()
      try body(&self)
      skipWhitespace()
      if take(UInt8(ascii: "]")) { return }
      guard take(UInt8(ascii: ",")) else { throw unexpected("',' or ']'") }
    }
  }

  /// A failure of shape: the value at the offset is not what `subject` should be.
  func wrongKind(_ subject: String, expected: String) -> Failure {
    guard let byte = current else { return unexpected(expected) }
    return Failure(offset: offset, what: "\(subject) is \(Self.kind(byte))", expected: expected)
  }

  /// What kind of value starts with `byte`.
  static func kind(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "{"): "an object"
    case UInt8(ascii: "["): "an array"
    case UInt8(ascii: "\""): "a string"
    case UInt8(ascii: "t"), UInt8(ascii: "f"): "true or false"
    case UInt8(ascii: "n"): "null"
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
    default: name(of: byte)
    }
  }

  /// True if the bytes of a key (inside its quotes) are those of `name`.
  func isKey(_ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount, range.upperBound <= end else { return false }
    return name.withUTF8Buffer { name in zip(name, bytes[range]).allSatisfy { $0 == $1 } }
  }

  private var tooDeep: Failure {
    Failure(offset: offset, what: "more than \(Self.depthLimit) levels of nesting")
  }

  /// Steps over a number or a bare word.
  private mutating func skipScalar() throws(Failure) {
    for word in ["true", "false", "null", "NaN", "Infinity", "-Infinity"] where starts(with: word) {
      advance(word.utf8.count)
      return
    }
    guard current.map({ $0 == UInt8(ascii: "-") || Self.isDigit($0) }) == true else { throw unexpected("a value") }
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try skipDigits() }
    if take(UInt8(ascii: ".")) { try skipDigits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(Failure) {
    guard let byte = current, Self.isDigit(byte) else { throw unexpected("a digit") }
    while let byte = current, Self.isDigit(byte) { offset &+= 1 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private func starts(with word: String) -> Bool {
    guard word.utf8.count <= end - offset else { return false }
    return zip(word.utf8, bytes[offset..<end]).allSatisfy { $0 == $1 }
  }

  // MARK: Strings

  /// Steps over the string at the offset.
  /// - Returns: the bytes between its quotes.
  mutating func skipString() throws(Failure) -> Range<Int> {
    guard take(UInt8(ascii: "\"")) else { throw unexpected("a string") }
    let start = offset
    while true {
      skipPlainCharacters()
      guard let byte = current else {
        throw Failure(offset: offset, what: "the text ends inside a string", isCutShort: true)
      }
      switch byte {
      case UInt8(ascii: "\""):
        let range = start..<offset
        offset &+= 1
        return range
      case UInt8(ascii: "\\"): try skipEscape()
      case 0..<0x20:
        throw Failure(offset: offset, what: "a raw control character (\(Self.name(of: byte))) inside a string")
      default: try skipMultibyte(byte)
      }
    }
  }

  /// Eight bytes at a time over ASCII that needs no thought: not a quote, a backslash or a control character.
  @inline(__always)
  private mutating func skipPlainCharacters() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while end &- offset >= 8 {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5c)
      // The high bit of a byte of `(x - 1) & ~x` is set where x is 0; `word - 0x20` borrows below a space. A borrow can
      // mark the byte above a real hit as well, which only sends it to the slow loop.
      let special =
        ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | (word &- (ones &* 0x20)) | word
      guard special & highs == 0 else { break }
      offset &+= 8
    }
    while let byte = current, byte >= 0x20, byte < 0x80, byte != 0x22, byte != 0x5c { offset &+= 1 }
  }

  private mutating func skipEscape() throws(Failure) {
    let start = offset
    offset &+= 1
    guard let kind = current else {
      throw Failure(offset: offset, what: "the text ends inside a string", isCutShort: true)
    }
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      offset &+= 1
    case UInt8(ascii: "u"):
      let unit = try skipCodeUnit(of: start)
      guard 0xd800...0xdfff ~= unit else { return }
      // A second half is looked at only to count; if it is not one, the loop over the string meets it again.
      let next = offset
      guard unit < 0xdc00, current == UInt8(ascii: "\\"), end &- offset >= 6, bytes[offset &+ 1] == UInt8(ascii: "u")
      else {
        loneSurrogates &+= 1
        return
      }
      offset &+= 1
      if !(0xdc00...0xdfff ~= (try skipCodeUnit(of: next))) {
        loneSurrogates &+= 1
        offset = next
      }
    default:
      throw Failure(offset: start, what: "an invalid escape: \\ followed by \(Self.name(of: kind))")
    }
  }

  /// Steps over `uXXXX`; `start` is where the backslash stands.
  private mutating func skipCodeUnit(of start: Int) throws(Failure) -> UInt32 {
    offset &+= 1
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current else {
        throw Failure(offset: offset, what: "the text ends inside a string", isCutShort: true)
      }
      guard let digit = Self.hexValue(byte) else {
        throw Failure(offset: start, what: "an invalid escape: \\u needs four hexadecimal digits")
      }
      unit = unit << 4 | digit
      offset &+= 1
    }
    return unit
  }

  static func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  /// Unicode table 3-7: which second bytes each lead byte allows (no overlong forms, no surrogates, at most U+10FFFF).
  @inline(__always)
  private mutating func skipMultibyte(_ lead: UInt8) throws(Failure) {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    case 0xf1...0xf3: length = 4
    default: throw invalidUTF8(lead)
    }
    guard end &- offset >= length else {
      throw Failure(offset: offset, what: "the text ends inside a character", isCutShort: true)
    }
    guard second.contains(bytes[offset &+ 1]) else { throw invalidUTF8(lead) }
    for i in 2..<max(2, length) where bytes[offset &+ i] & 0xc0 != 0x80 { throw invalidUTF8(lead) }
    offset &+= length
  }

  private func invalidUTF8(_ lead: UInt8) -> Failure {
    Failure(offset: offset, what: "invalid UTF-8 (\(Self.name(of: lead)))")
  }
}
