/// One argument as the command receives it.
public struct Argument: Sendable {
  public enum Content: Sendable {
    /// An evaluated value; a bare word is a string.
    case value(Value)
    /// An expression over the columns of the incoming table.
    case expression(RowExpression)
  }

  public var content: Content
  /// Where it was written; for a default, the stage.
  public var span: Span
  /// The user wrote it.
  public var isGiven: Bool

  public init(_ content: Content, span: Span, isGiven: Bool = true) {
    self.content = content
    self.span = span
    self.isGiven = isGiven
  }
}

/// A command about to run: what came in and its arguments, checked against the signature.
public struct Call: Sendable {
  public let signature: Signature
  /// What came through the pipe; `.nil` for the first stage.
  public let input: Value
  /// The stage that yielded the input.
  public let inputSpan: Span?
  /// The stage itself; `span.text` is its source text.
  public let span: Span
  /// By parameter name, in order for a variadic parameter; parameters without a value are absent.
  public let arguments: [String: [Argument]]
  /// `NAME=expression` arguments beyond the parameters, in order.
  public let namedExpressions: [(name: String, expression: RowExpression, span: Span)]
  /// The catalogue entry that a `.name` parameter chose.
  public let entries: [String: NameEntry]

  public init(
    signature: Signature, input: Value = .nil, inputSpan: Span? = nil, span: Span,
    arguments: [String: [Argument]] = [:],
    namedExpressions: [(name: String, expression: RowExpression, span: Span)] = [], entries: [String: NameEntry] = [:]
  ) {
    self.signature = signature
    self.input = input
    self.inputSpan = inputSpan
    self.span = span
    self.arguments = arguments
    self.namedExpressions = namedExpressions
    self.entries = entries
  }

  /// Whether the user wrote the argument (a default does not count).
  public func isGiven(_ name: String) -> Bool { arguments[name]?.contains { $0.isGiven } ?? false }

  /// Where the argument was written; the stage if it was not.
  public func span(of name: String) -> Span { arguments[name]?.first?.span ?? span }

  /// The value, nil if there is neither an argument nor a default.
  public func optional(_ name: String) -> Value? {
    guard let content = arguments[name]?.first?.content, case .value(let value) = content else { return nil }
    if case .nil = value { return nil }
    return value
  }

  /// The value; throws if there is none.
  public func value(_ name: String) throws -> Value {
    guard let value = optional(name) else { throw Problem.missingArgument(name, of: signature.name, at: span) }
    return value
  }

  /// All values of a variadic parameter, or of a sweep: a list counts as its elements.
  public func values(_ name: String) -> [Value] {
    (arguments[name] ?? []).flatMap { argument -> [Value] in
      switch argument.content {
      case .value(.list(let elements)): elements
      case .value(.range(let range)): (0..<min(range.count, 1_000_000)).map { .int(range[$0]) }
      case .value(.nil): []
      case .value(let value): [value]
      case .expression: []
      }
    }
  }

  private func wrong(_ name: String, _ value: Value, _ type: ValueType) -> Problem {
    .wrongArgumentType(name, value: value, expected: type, at: span(of: name))
  }

  public func int(_ name: String) throws -> Int {
    let value = try value(name)
    guard let number = value.asInt else { throw wrong(name, value, .int) }
    return number
  }

  public func float(_ name: String) throws -> Double {
    let value = try value(name)
    guard let number = value.asDouble else { throw wrong(name, value, .number) }
    return number
  }

  public func string(_ name: String) throws -> String {
    let value = try value(name)
    guard case .string(let text) = value else { throw wrong(name, value, .string) }
    return text
  }

  public func bool(_ name: String) throws -> Bool {
    let value = try value(name)
    guard case .bool(let flag) = value else { throw wrong(name, value, .bool) }
    return flag
  }

  /// The word of a `.name`, `.choice`, `.path` or `.column` parameter.
  public func name(_ name: String) throws -> String { try string(name) }

  public func path(_ name: String) throws -> String { try string(name) }

  public func function(_ name: String) throws -> FunctionValue {
    let value = try value(name)
    guard case .function(let function) = value else { throw wrong(name, value, .function) }
    return function
  }

  /// The catalogue entry that this `.name` parameter chose.
  public func entry(_ name: String) -> NameEntry? { entries[name] }

  /// The expressions of an `.expression` parameter.
  public func expressions(_ name: String) -> [RowExpression] {
    (arguments[name] ?? []).compactMap { if case .expression(let expression) = $0.content { expression } else { nil } }
  }

  public func expression(_ name: String) throws -> RowExpression {
    guard let expression = expressions(name).first else {
      throw Problem.missingArgument(name, of: signature.name, at: span)
    }
    return expression
  }

  /// The incoming table; throws with both ends of the pipe if something else came in.
  public func table() throws -> Table {
    guard case .table(let table) = input else {
      throw Problem.wrongInput(
        of: signature.name, found: input.type, from: inputSpan, expected: [.table], at: span)
    }
    return table
  }
}
