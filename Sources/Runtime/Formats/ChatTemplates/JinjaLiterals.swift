/// The text that a Jinja template can print: its string literals, and what stands outside its tags.
///
/// Nothing is executed; the literals are what tells one family of templates from another.
struct JinjaLiterals {
  struct Literal: Equatable {
    /// The code of the same tag in front of the literal, without spaces around it; nil outside tags.
    var code: String?
    /// The text, its escapes resolved.
    var value: String
  }

  private(set) var literals: [Literal] = []

  init(_ template: String) {
    var rest = Array(template.unicodeScalars)[...]
    var text = String.UnicodeScalarView()
    while let scalar = rest.first {
      let opened: (end: Unicode.Scalar, isComment: Bool)? =
        switch (scalar, rest.dropFirst().first) {
        case ("{", "{"): ("}", false)
        case ("{", "%"): ("%", false)
        case ("{", "#"): ("#", true)
        default: nil
        }
      guard let opened else {
        text.append(scalar)
        rest = rest.dropFirst()
        continue
      }
      flush(&text)
      rest = rest.dropFirst(2)
      if opened.isComment {
        while let scalar = rest.first, !(scalar == "#" && rest.dropFirst().first == "}") { rest = rest.dropFirst() }
        rest = rest.dropFirst(2)
      } else {
        readTag(&rest, end: opened.end)
      }
    }
    flush(&text)
  }

  func contains(_ value: String) -> Bool { literals.contains { $0.value == value } }

  func contains(where isMatch: (String) -> Bool) -> Bool { literals.contains { isMatch($0.value) } }

  private mutating func flush(_ text: inout String.UnicodeScalarView) {
    if !text.isEmpty { literals.append(Literal(code: nil, value: String(text))) }
    text = .init()
  }

  private mutating func readTag(_ rest: inout ArraySlice<Unicode.Scalar>, end: Unicode.Scalar) {
    var code = String.UnicodeScalarView()
    while let scalar = rest.first {
      rest = rest.dropFirst()
      if scalar == end, rest.first == "}" {
        rest = rest.dropFirst()
        return
      }
      if scalar == "'" || scalar == "\"" {
        let value = JinjaLiterals.readString(&rest, quote: scalar)
        literals.append(Literal(code: ChatText.trimmed(String(code)), value: value))
        code.append(contentsOf: "''".unicodeScalars)
      } else {
        code.append(scalar)
      }
    }
  }

  private static func readString(_ rest: inout ArraySlice<Unicode.Scalar>, quote: Unicode.Scalar) -> String {
    var value = String.UnicodeScalarView()
    while let scalar = rest.popFirst(), scalar != quote {
      guard scalar == "\\", let escaped = rest.popFirst() else {
        value.append(scalar)
        continue
      }
      switch escaped {
      case "n": value.append("\n")
      case "t": value.append("\t")
      case "r": value.append("\r")
      default: value.append(escaped)
      }
    }
    return String(value)
  }
}

/// Text operations that templates use.
enum ChatText {
  /// Jinja's `trim` and Python's `strip`: whitespace off both ends, information separators included.
  static func trimmed(_ text: String) -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
    let scalars = text.unicodeScalars
    let start = scalars.firstIndex { !isSpace($0) } ?? scalars.endIndex
    let end = scalars.lastIndex { !isSpace($0) }.map { scalars.index(after: $0) } ?? start
    return String(scalars[start..<end])
  }
}
