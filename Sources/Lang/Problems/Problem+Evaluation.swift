/// Problems of running code: K040 to K063.
extension Problem {
  static func operation(_ sign: String, _ left: ValueType, _ right: ValueType, at span: Span) -> Problem {
    Problem("K040", seen: "`\(sign)` does not join a \(left.name) and a \(right.name)", labels: [Label(span)])
  }

  static func operation(_ sign: String, _ operand: ValueType, at span: Span) -> Problem {
    Problem("K040", seen: "`\(sign)` does not apply to a \(operand.name)", labels: [Label(span)])
  }

  static func overflow(at span: Span) -> Problem {
    Problem(
      "K041", seen: "the result does not fit a 64-bit whole number", suggestion: "compute with floats: `1.0 * x`",
      labels: [Label(span)])
  }

  static func divisionByZero(at span: Span) -> Problem {
    Problem("K042", seen: "division by zero", labels: [Label(span)])
  }

  static func notACondition(_ found: ValueType, at span: Span) -> Problem {
    Problem("K043", seen: "a condition is a \(found.name)", expected: "true or false", labels: [Label(span)])
  }

  static func outsideIndex(_ index: Int, count: Int, at span: Span) -> Problem {
    Problem(
      "K044", seen: "there is no element \(index)",
      expected: count == 0 ? "nothing: there are no elements" : "0 to \(count - 1), or -1 for the last",
      labels: [Label(span)])
  }

  static func notIndexable(_ found: ValueType, by index: ValueType, at span: Span) -> Problem {
    Problem("K045", seen: "a \(found.name) is not indexed by a \(index.name)", labels: [Label(span)])
  }

  static func notIndexable(_ found: ValueType, byAxes axes: Int, at span: Span) -> Problem {
    Problem("K045", seen: "a \(found.name) is not indexed along \(axes) axes", labels: [Label(span)])
  }

  static func notAssignable(_ found: ValueType, at span: Span) -> Problem {
    Problem(
      "K045", seen: "this part of a \(found.name) cannot be assigned",
      expected: "an element of a list, a field of a record or a column of a table", labels: [Label(span)])
  }

  static func columnLength(_ count: Int, rows: Int, at span: Span) -> Problem {
    Problem(
      "K045", seen: "\(count) values for a table of \(rows) rows", expected: "one value a row, or one for all",
      labels: [Label(span)])
  }

  static func notIterable(_ found: ValueType, at span: Span) -> Problem {
    Problem(
      "K046", seen: "a \(found.name) has no elements to go through", expected: "list, range, record, table or string",
      labels: [Label(span)])
  }

  static func callsTooDeep(_ depth: Int, at span: Span?) -> Problem {
    Problem(
      "K047", seen: "functions call each other \(depth) levels deep",
      suggestion: "use a loop, or check what ends the recursion"
    ).at(span)
  }

  static func loopTooLong(_ passes: Int, at span: Span?) -> Problem {
    Problem("K048", seen: "this loop ran \(passes) times without ending", suggestion: "check what ends it").at(span)
  }

  static func listTooLong(_ limit: Int, at span: Span?) -> Problem {
    Problem("K049", seen: "this list would have more than \(limit) elements").at(span)
  }

  static func assertion(_ message: String?, at span: Span) -> Problem {
    Problem("K050", seen: message ?? "`\(span.text)` is false", expected: "true", labels: [Label(span)])
  }

  static func argumentCount(_ name: String, given: Int, expected: String, at span: Span?) -> Problem {
    Problem(
      "K051", seen: "\(name.isEmpty ? "the function" : "`\(name)`") is given \(given) argument\(given == 1 ? "" : "s")",
      expected: expected
    )
    .at(span)
  }

  static func functionArgument(_ function: String, _ found: ValueType, expected: String, at span: Span?) -> Problem {
    Problem("K052", seen: "`\(function)` is given a \(found.name)", expected: expected).at(span)
  }

  static func functionDomain(_ function: String, _ seen: String, at span: Span?) -> Problem {
    Problem("K053", seen: "`\(function)`: \(seen)").at(span)
  }

  /// What `fail` reports: a text, or what `catch` caught.
  static func declared(_ value: Value, at span: Span?) -> Problem {
    guard case .record(let record) = value, case .string(let message)? = record["message"] else {
      return Problem("K056", seen: value.text).at(span)
    }
    func text(_ key: String) -> String? { if case .string(let text)? = record[key] { text } else { nil } }
    return Problem(text("code") ?? "K056", seen: message, expected: text("expected"), suggestion: text("hint")).at(span)
  }

  static func textTooLong(_ limitBytes: Int, at span: Span?) -> Problem {
    Problem("K057", seen: "this text would have more than \(limitBytes) bytes").at(span)
  }

  static func memoryUsedUp(_ limitBytes: Int, at span: Span?) -> Problem {
    Problem(
      "K058", seen: "the script took more than \(Value.size(limitBytes)) of memory",
      suggestion: "keep less in variables, or work in parts"
    ).at(span)
  }

  static func valueTooDeep(_ limit: Int, at span: Span?) -> Problem {
    Problem(
      "K008", seen: "this value is nested too deeply", expected: "at most \(limit) levels of lists and records"
    ).at(span)
  }

  /// A bound of the session was passed: `try` does not catch it, so that nothing runs on for ever.
  var isLimit: Bool { ["K047", "K048", "K049", "K057", "K058"].contains(code) }

  static func withoutValue(_ name: String, at span: Span) -> Problem {
    Problem("K054", seen: "`\(name)` has no value yet", labels: [Label(span)])
  }

  static func notAFunction(_ found: ValueType, at span: Span) -> Problem {
    Problem("K055", seen: "a \(found.name) cannot be called", expected: "function", labels: [Label(span)])
  }

  static func missingFunctionArgument(_ name: String, parameter: String, at span: Span?) -> Problem {
    Problem("K051", seen: "\(name.isEmpty ? "the function" : "`\(name)`") lacks its argument `\(parameter)`").at(span)
  }

  public static func unreadableFile(_ path: String, reason: String, at span: Span?) -> Problem {
    Problem("K060", seen: "cannot read \(path): \(reason)").at(span)
  }

  static func importCycle(_ path: String, at span: Span) -> Problem {
    Problem("K061", seen: "\(path) imports itself, directly or through others", labels: [Label(span)])
  }

  static func unreadableText(_ format: String, _ seen: String, line: Int) -> Problem {
    Problem("K062", seen: "line \(line) of the \(format) text: \(seen)")
  }
}
