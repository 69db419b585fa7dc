extension Problem {
  static func notCallable(_ name: String, kind: String, at span: Span) -> Problem {
    Problem("K034", seen: "`\(name)` (\(kind)) builds no value", labels: [Label(span)])
  }

  static func missingArgument(_ name: String, of command: String, at span: Span) -> Problem {
    Problem("K033", seen: "`\(command)` needs `\(name)`", labels: [Label(span)])
  }

  static func wrongArgumentType(_ name: String, value: Value, expected: ValueType, at span: Span) -> Problem {
    Problem("K035", seen: "`\(name)` is \(value.type.name)", expected: expected.name, labels: [Label(span)])
  }

  static func wrongInput(
    of command: String, found: ValueType, from: Span?, expected: [ValueType], at span: Span
  ) -> Problem {
    Problem(
      "K040", seen: "`\(command)` got \(found.name)", expected: ValueType.union(expected).name, labels: [Label(span)])
  }

  static func unknownColumn(_ name: String, columns: [String], at span: Span) -> Problem {
    Problem("K022", seen: "no column `\(name)`", labels: [Label(span)])
  }

  public static func unreadableFile(_ path: String, reason: String, at span: Span?) -> Problem {
    Problem("K070", seen: "cannot read \(path): \(reason)", labels: span.map { [Label($0)] } ?? [])
  }
}
