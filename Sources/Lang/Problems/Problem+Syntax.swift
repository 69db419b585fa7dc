/// Problems of the text itself: K001 to K010.
extension Problem {
  static func unreadableCharacter(_ text: String, at span: Span) -> Problem {
    Problem(
      "K001", seen: "`\(text)` means nothing here", suggestion: ForeignWord.characters[text], labels: [Label(span)])
  }

  static func unreadableNumber(_ text: String, unit: String, at span: Span) -> Problem {
    let units = Array(NumberLiteral.counts.keys) + Array(NumberLiteral.sizes.keys)
    return Problem(
      "K002", seen: "`\(text)` is no number", expected: "digits that fit 64 bits and a unit such as Ki, MiB or %",
      suggestion: unit.isEmpty ? nil : NearestName.suggestion(unit, in: units.sorted()), labels: [Label(span)])
  }

  static func unclosedString(at span: Span) -> Problem {
    Problem("K003", seen: "this string does not end", expected: "`\(span.text)` behind its text", labels: [Label(span)])
  }

  static func unknownEscape(_ text: String, at span: Span) -> Problem {
    Problem(
      "K004", seen: "`\(text)` stands for no character", expected: "\\n, \\t, \\r, \\\\, \\\", \\{, \\} or \\u{1F600}",
      suggestion: "single quotes take every character as it is", labels: [Label(span)])
  }

  static func unclosedInterpolation(at span: Span) -> Problem {
    Problem(
      "K005", seen: "this `{` in a string has no `}`", suggestion: "write `\\{` for the character itself",
      labels: [Label(span)])
  }

  static func emptyInterpolation(at span: Span) -> Problem {
    Problem(
      "K005", seen: "`{}` in a string holds no expression", suggestion: "write `\\{\\}` for the characters themselves",
      labels: [Label(span)])
  }

  static func unexpected(_ seen: String, expected: String, suggestion: String? = nil, at span: Span) -> Problem {
    Problem(
      "K006", seen: "\(seen) cannot stand here", expected: expected, suggestion: suggestion, labels: [Label(span)])
  }

  static func unclosedBracket(_ bracket: String, expected: String, seen: String, opened: Span, at span: Span) -> Problem
  {
    Problem(
      "K007", seen: "`\(bracket)` is still open at \(seen)", expected: "`\(expected)`",
      labels: [Label(span, "`\(expected)` expected"), Label(opened, "opened here")])
  }

  static func nestedTooDeep(at span: Span) -> Problem {
    Problem(
      "K008", seen: "this is nested too deeply", expected: "at most \(Parser.maximumNesting) levels",
      suggestion: "name a part with `let`", labels: [Label(span)])
  }

  static func chainedComparison(_ sign: String, at span: Span) -> Problem {
    Problem(
      "K009", seen: "a comparison is compared again with `\(sign)`", suggestion: "join two comparisons with `and`",
      labels: [Label(span)])
  }

  static func misplacedJump(_ word: String, at span: Span) -> Problem {
    let place = word == "return" ? "inside a `def`" : "inside a loop"
    return Problem(
      "K010", seen: "`\(word)` has nothing to leave here", expected: "\(place), as a statement of its own",
      labels: [Label(span)])
  }
}
