/// Cuts a source into tokens, one at a time, from any offset: what follows a command name depends on its signature,
/// so the parser decides where a bare word stands.
struct Lexer {
  let source: Source
  /// Where lexing stops; the end of an interpolation inside its string.
  var limit: Int
  private let bytes: [UInt8]
  /// Words with hyphens inside that are one word.
  private let hyphenatedNames: Set<String>

  init(_ source: Source, hyphenatedNames: Set<String> = []) {
    self.source = source
    self.hyphenatedNames = hyphenatedNames
    bytes = source.bytes
    limit = source.bytes.count
  }

  private func byte(_ offset: Int) -> UInt8 { offset < limit ? bytes[offset] : 0 }

  /// Whether two characters are one sign.
  private static func isPair(_ first: UInt8, _ second: UInt8) -> Bool {
    switch second {
    case UInt8(ascii: "="): "=!<>+-*/".utf8.contains(first)
    case UInt8(ascii: ">"): first == UInt8(ascii: "-")
    case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "*"): first == second
    default: false
    }
  }

  /// For every byte, whether it is a sign alone.
  private static let isSingle: [Bool] = (0..<256).map { byte in "+-*/%@<>=()[]{},:;.|^".utf8.contains(UInt8(byte)) }

  /// The token that starts at or after an offset.
  func token(from offset: Int) -> Token {
    var position = offset
    var token = Token(kind: .end, text: "", start: 0, end: 0, newlineBefore: false, spaceBefore: false)
    skipBlanks(&position, &token)
    token.start = position
    guard position < limit else {
      token.end = position
      return token
    }
    let first = bytes[position]
    if Self.isWordStart(first) {
      while position < limit, Self.isWordPart(bytes[position]) { position += 1 }
      if let end = hyphenatedEnd(token.start, position) { position = end }
      token.text = source.text(in: token.start..<position)
      let isKeyword = position - token.start <= Token.longestKeyword && Token.keywords.contains(token.text)
      token.kind = isKeyword ? .keyword : .identifier
    } else if Self.isDigit(first) {
      token.kind = number(&position)
    } else if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      token.kind = string(&position, nesting: 0)
    } else {
      sign(&position, &token)
    }
    token.end = position
    return token
  }

  /// The end of a hyphenated name whose first word ends at an offset; nil if what stands there is none.
  private func hyphenatedEnd(_ start: Int, _ wordEnd: Int) -> Int? {
    guard byte(wordEnd) == UInt8(ascii: "-"), !hyphenatedNames.isEmpty else { return nil }
    var end = wordEnd
    while end < limit, Self.isWordPart(bytes[end]) || bytes[end] == UInt8(ascii: "-") { end += 1 }
    return hyphenatedNames.contains(source.text(in: start..<end)) ? end : nil
  }

  private func skipBlanks(_ position: inout Int, _ token: inout Token) {
    var lineHasCode = true
    while position < limit {
      switch bytes[position] {
      case 0x20, 0x09, 0x0D: position += 1
      case 0x0A:
        if !lineHasCode { token.comment = nil }
        lineHasCode = false
        token.newlineBefore = true
        position += 1
      case UInt8(ascii: "#"):
        let start = position
        while position < limit, bytes[position] != 0x0A { position += 1 }
        if token.newlineBefore || start == 0 || lineIsBlank(before: start) {
          token.comment = (token.comment?.lowerBound ?? start)..<position
          lineHasCode = true
        }
      default: return
      }
      token.spaceBefore = true
    }
  }

  private func lineIsBlank(before offset: Int) -> Bool {
    let start = source.lineStarts[source.line(at: offset)]
    return bytes[start..<offset].allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  private func sign(_ position: inout Int, _ token: inout Token) {
    let (first, second) = (bytes[position], byte(position + 1))
    if Self.isPair(first, second) {
      token.kind = .sign
      token.text = String(decoding: bytes[position..<position + 2], as: UTF8.self)
      position += 2
      return
    }
    if Self.isSingle[Int(first)] {
      token.text = String(UnicodeScalar(first))
      token.kind = .sign
      position += 1
      return
    }
    let start = position
    position += 1
    while position < limit, bytes[position] & 0xC0 == 0x80 { position += 1 }
    token.kind = .invalid(.unreadableCharacter(source.text(in: start..<position), at: Span(source, start, position)))
  }

  // MARK: Numbers

  private func number(_ position: inout Int) -> Token.Kind {
    let start = position
    var isFloat = false
    func digits() { while Self.isDigit(byte(position)) || byte(position) == UInt8(ascii: "_") { position += 1 } }
    digits()
    if byte(position) == UInt8(ascii: "."), Self.isDigit(byte(position + 1)) {
      isFloat = true
      position += 1
      digits()
    }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      let signed = byte(position + 1) == UInt8(ascii: "-") || byte(position + 1) == UInt8(ascii: "+")
      if Self.isDigit(byte(position + (signed ? 2 : 1))) {
        isFloat = true
        position += signed ? 2 : 1
        digits()
      }
    }
    let digitsText = source.text(in: start..<position).filter { $0 != "_" }
    let unitStart = position
    while Self.isWordPart(byte(position)) { position += 1 }
    let unit = source.text(in: unitStart..<position)
    if unit.isEmpty, byte(position) == UInt8(ascii: "%"), !startsOperand(position + 1) {
      position += 1
      return .number(.share((Double(digitsText) ?? 0) / 100))
    }
    let span = Span(source, start, position)
    guard let literal = NumberLiteral.value(digits: digitsText, isFloat: isFloat, unit: unit) else {
      return .invalid(.unreadableNumber(span.text, unit: unit, at: span))
    }
    return .number(literal)
  }

  /// `30%7` is a remainder, `30%` a share.
  private func startsOperand(_ offset: Int) -> Bool {
    Self.isWordPart(byte(offset)) || byte(offset) == UInt8(ascii: "(")
  }

  // MARK: Strings

  private func string(_ position: inout Int, nesting: Int) -> Token.Kind {
    let start = position
    let quote = bytes[position]
    position += 1
    var pieces: [Token.StringPiece] = []
    var text: [UInt8] = []
    func flush() {
      if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
      text = []
    }
    while position < limit {
      let next = bytes[position]
      if next == quote {
        position += 1
        flush()
        return .string(pieces)
      }
      if quote == UInt8(ascii: "\""), next == UInt8(ascii: "\\") {
        if let problem = escape(&position, &text) { return .invalid(problem) }
      } else if quote == UInt8(ascii: "\""), next == UInt8(ascii: "{") {
        flush()
        let open = position
        position += 1
        guard nesting < 8, skipCode(&position, nesting: nesting + 1) else {
          position = limit
          return .invalid(.unclosedInterpolation(at: Span(source, open, open + 1)))
        }
        pieces.append(.code(open + 1..<position - 1))
      } else {
        text.append(next)
        position += 1
      }
    }
    return .invalid(.unclosedString(at: Span(source, start, start + 1)))
  }

  private func escape(_ position: inout Int, _ text: inout [UInt8]) -> Problem? {
    let start = position
    let letter = byte(position + 1)
    position = min(position + 2, limit)
    switch letter {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "'"):
      text.append(letter)
    case UInt8(ascii: "u"):
      let open = position
      while position < limit, position - open < 10, bytes[position] != UInt8(ascii: "}") { position += 1 }
      let digits = source.text(in: min(open + 1, position)..<position)
      guard byte(open) == UInt8(ascii: "{"), byte(position) == UInt8(ascii: "}"),
        let scalar = UInt32(digits, radix: 16).flatMap(UnicodeScalar.init)
      else { return .unknownEscape("\\u", at: Span(source, start, position)) }
      position += 1
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default:
      while position < limit, bytes[position] & 0xC0 == 0x80 { position += 1 }
      return .unknownEscape(source.text(in: start..<position), at: Span(source, start, position))
    }
    return nil
  }

  /// Moves behind the brace that closes an interpolation.
  private func skipCode(_ position: inout Int, nesting: Int) -> Bool {
    var depth = 1
    while position < limit {
      switch bytes[position] {
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 {
          position += 1
          return true
        }
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if case .string = string(&position, nesting: nesting) { continue }
        return false
      default: break
      }
      position += 1
    }
    return false
  }

  // MARK: Bytes

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Letters, underscore and everything beyond ASCII.
  static func isWordStart(_ byte: UInt8) -> Bool {
    byte == 0x5F || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte >= 0x80
  }

  static func isWordPart(_ byte: UInt8) -> Bool { isWordStart(byte) || isDigit(byte) }

  /// Bytes of a bare word such as `h2o/rethinking`, `layers:pyramid`, `../data/a-1.csv`.
  static func isBareWordPart(_ byte: UInt8) -> Bool {
    isWordPart(byte) || "-./:~+@*%".utf8.contains(byte)
  }

  /// The end of the bare word at an offset; the offset itself if there is none.
  func bareWordEnd(from offset: Int) -> Int {
    var position = offset
    while position < limit, Self.isBareWordPart(bytes[position]) { position += 1 }
    return position
  }
}
