/// Problems of names and arguments: K011 to K034.
extension Problem {
  static func unknownCommand(_ name: String, known: [String], isFunction: Bool, at span: Span) -> Problem {
    Problem(
      "K011", seen: isFunction ? "`\(name)` is a function, not a command" : "unknown command `\(name)`",
      suggestion: isFunction
        ? "write `\(name)(...)`" : ForeignWord.statements[name] ?? NearestName.suggestion(name, in: known),
      labels: [Label(span)])
  }

  static func unknownName(_ name: String, known: [String], isCommand: Bool, at span: Span) -> Problem {
    Problem(
      "K012", seen: isCommand ? "`\(name)` is a command, not a value" : "unknown name `\(name)`",
      suggestion: isCommand
        ? "put the command into parentheses: `(\(name) ...)`"
        : ForeignWord.values[name] ?? NearestName.suggestion(name, in: known + ["true", "false", "nil"]),
      labels: [Label(span)])
  }

  public static func unknownEntry(
    _ word: String, kind: String, known: [String], isVariable: Bool, at span: Span
  ) -> Problem {
    Problem(
      "K013", seen: "unknown \(kind) `\(word)`",
      suggestion: isVariable
        ? "write `(\(word))` to use the variable"
        : NearestName.suggestion(word, in: known) ?? "`help \(kind)` lists them",
      labels: [Label(span)])
  }

  public static func unknownParameter(_ name: String, of owner: String, known: [String], at span: Span) -> Problem {
    Problem(
      "K014", seen: "`\(owner)` has no parameter `\(name)`",
      expected: known.isEmpty ? "no parameters" : known.count <= 12 ? "one of \(listed(known))" : nil,
      suggestion: NearestName.suggestion(name, in: known), labels: [Label(span)])
  }

  public static func unknownColumn(_ name: String, columns: [String], at span: Span) -> Problem {
    Problem(
      "K015", seen: "the table has no column `\(name)`",
      expected: columns.isEmpty ? "a table with columns" : columns.count <= 12 ? "one of \(listed(columns))" : nil,
      suggestion: NearestName.suggestion(name, in: columns), labels: [Label(span)])
  }

  public static func unknownField(_ name: String, of type: String, known: [String], at span: Span) -> Problem {
    Problem(
      "K016", seen: "this \(type) has no field `\(name)`",
      expected: known.isEmpty
        ? "a value without fields has none to read" : known.count <= 12 ? "one of \(listed(known))" : nil,
      suggestion: NearestName.suggestion(name, in: known), labels: [Label(span)])
  }

  static func sessionName(_ name: String, at span: Span) -> Problem {
    Problem(
      "K070", seen: "`\(name)` belongs to the session, and a policy reads its inputs and parameters alone",
      suggestion: "make it a parameter: `policy NAME(\(name)=...)`", labels: [Label(span)])
  }

  static func undeclaredAssignment(_ name: String, known: [String], at span: Span) -> Problem {
    Problem(
      "K017", seen: "there is no variable `\(name)` to change",
      suggestion: NearestName.suggestion(name, in: known) ?? "make it with `let \(name) = ...`", labels: [Label(span)])
  }

  static func outerAssignment(_ name: String, at span: Span) -> Problem {
    Problem(
      "K018", seen: "a function cannot change `\(name)`, which belongs to the text around it",
      suggestion: "return the new value and assign it outside", labels: [Label(span)])
  }

  static func duplicate(_ what: String, _ name: String, first: Span, at span: Span) -> Problem {
    Problem(
      "K019", seen: "\(what) `\(name)` is given twice", expected: "one value",
      labels: [Label(span, "again here"), Label(first, "first here")])
  }

  public static func missingArgument(_ name: String, of owner: String, doc: String = "", at span: Span) -> Problem {
    Problem(
      "K020", seen: "`\(owner)` needs `\(name)`\(doc.isEmpty ? "" : ", \(doc.lowercasedFirst)")",
      suggestion: "`help \(owner)` shows how", labels: [Label(span)])
  }

  static func tooManyArguments(of owner: String, accepts: Int, at span: Span) -> Problem {
    Problem(
      "K021", seen: "`\(owner)` has no place for this argument",
      expected: accepts == 0
        ? "arguments by name only" : "at most \(accepts) argument\(accepts == 1 ? "" : "s") without a name",
      labels: [Label(span)])
  }

  public static func wrongArgumentType(
    _ name: String, found: ValueType, expected: ValueType, sweepable: Bool = false, at span: Span
  ) -> Problem {
    Problem(
      "K022", seen: "`\(name)` is given a \(found.name)",
      expected: expected.name + (sweepable ? " or a list of them" : ""),
      labels: [Label(span)])
  }

  public static func wrongArgumentType(_ name: String, value: Value, expected: ValueType, at span: Span) -> Problem {
    wrongArgumentType(name, found: value.type, expected: expected, at: span)
  }

  public static func outOfRange(_ name: String, value: Value, range: ClosedRange<Double>, at span: Span) -> Problem {
    let expected: String
    switch (range.lowerBound.isFinite, range.upperBound.isFinite) {
    case (true, true): expected = "\(number(range.lowerBound)) to \(number(range.upperBound))"
    case (true, false): expected = "at least \(number(range.lowerBound))"
    default: expected = "at most \(number(range.upperBound))"
    }
    return Problem(
      "K023", seen: "`\(name)` must be \(expected); \(value.display) was given", labels: [Label(span)])
  }

  public static func notAllowed(_ name: String, value: Value, allowed: [Value], at span: Span) -> Problem {
    let words = allowed.map { if case .string(let text) = $0 { text } else { $0.display } }
    let given = if case .string(let text) = value { text } else { value.display }
    var suggestion: String?
    if case .string(let text) = value { suggestion = NearestName.suggestion(text, in: words) }
    let last = words.last ?? ""
    let list = words.count < 2 ? last : words.dropLast().joined(separator: ", ") + " or " + last
    return Problem(
      "K024", seen: "`\(name)` must be \(list); \(given) was given", suggestion: suggestion, labels: [Label(span)])
  }

  static func notCallable(_ name: String, kind: String, at span: Span) -> Problem {
    Problem("K027", seen: "the \(kind) `\(name)` builds no value", expected: "its bare name", labels: [Label(span)])
  }

  public static func wrongInput(
    of command: String, found: ValueType, from: Span?, expected: [ValueType], at span: Span
  ) -> Problem {
    let wanted = ValueType.union(expected.filter { $0 != .nil }).name
    return Problem(
      "K030", seen: "`\(command)` cannot work on a \(found.name)", expected: wanted,
      labels: [Label(span, "expects \(wanted)")] + (from.map { [Label($0, "yields \(found.name)")] } ?? []))
  }

  public static func missingInput(of command: String, expected: [ValueType], at span: Span) -> Problem {
    let wanted = ValueType.union(expected).name
    return Problem(
      "K031", seen: "`\(command)` stands first, so nothing comes in", expected: wanted,
      suggestion: "put what yields it before: `... | \(span.text.prefix(60))`", labels: [Label(span)])
  }

  static func unwantedInput(of command: String, from: Span, at span: Span) -> Problem {
    Problem(
      "K032", seen: "`\(command)` takes nothing from the pipe", expected: "the first place of a pipeline",
      labels: [Label(span, "takes no input"), Label(from, "yields a value")])
  }

  static func notAStage(_ found: ValueType, from: Span, at span: Span) -> Problem {
    Problem(
      "K033", seen: "a \(found.name) cannot take what the pipe brings", expected: "a command or a function",
      labels: [Label(span, "is a \(found.name)"), Label(from, "comes in")])
  }

  static func misplacedCount(at span: Span) -> Problem {
    Problem(
      "K034", seen: "`count()` counts the rows of a group", expected: "`summarize n=count()`",
      suggestion: "`len(x)` counts the elements of a value", labels: [Label(span)])
  }

  static func listed(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
  static func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? String(value) }
}

extension String {
  /// A doc line as the middle of a sentence.
  var lowercasedFirst: String {
    guard let first, dropFirst().first?.isUppercase != true else { return self }
    let text = first.lowercased() + dropFirst()
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
