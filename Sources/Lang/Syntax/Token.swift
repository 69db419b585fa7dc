/// One word, number, string or sign of the text.
struct Token {
  enum Kind: Equatable {
    case identifier, keyword, sign, end
    case number(Value)
    /// A string literal in pieces; an interpolation is the byte range between its braces.
    case string([StringPiece])
    /// Text that is no token; the problem says why.
    case invalid(Problem)

    static func == (left: Kind, right: Kind) -> Bool {
      switch (left, right) {
      case (.identifier, .identifier), (.keyword, .keyword), (.sign, .sign), (.end, .end): true
      default: false
      }
    }
  }

  enum StringPiece {
    case text(String)
    case code(Range<Int>)
  }

  var kind: Kind
  /// The word or sign itself; empty for numbers and strings.
  var text: String
  var start: Int
  var end: Int
  /// A line break lies between the token before and this one.
  var newlineBefore: Bool
  /// White space or a comment lies directly before.
  var spaceBefore: Bool
  /// The comment lines that end directly above the token's line.
  var comment: Range<Int>?

  static let keywords: Set<String> = [
    "let", "def", "for", "in", "if", "else", "while", "return", "break", "continue", "assert", "import", "try", "catch",
    "true", "false", "nil", "and", "or", "not",
  ]

  /// Bytes of the longest keyword.
  static let longestKeyword = keywords.map(\.utf8.count).max() ?? 0
}
