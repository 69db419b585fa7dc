/// What the checker knows of a value before anything runs.
struct Known: Sendable {
  var type = ValueType.any
  /// The value itself, where it can only be this one.
  var constant: Value?
  /// All names of a record, all columns of a table, or those of every record of a list.
  var names: [String]?
  /// How it may be called.
  var shape: CallShape?

  init(type: ValueType = .any, constant: Value? = nil, names: [String]? = nil, shape: CallShape? = nil) {
    self.type = type
    self.constant = constant
    self.names = names
    self.shape = shape
  }

  /// All that a value of the session tells.
  init(_ value: Value) {
    self.init(type: value.type, constant: value)
    switch value {
    case .record(let record): names = record.keys
    case .table(let table): names = table.columnNames
    case .function(let function):
      if case .code = function.body { shape = CallShape(function) }
    default: break
    }
  }
}

/// The parameters of a function as a caller sees them.
struct CallShape: Sendable {
  var name: String
  var parameters: [(name: String, isRequired: Bool)]

  init(name: String, _ parameters: [DefinedParameter]) {
    self.name = name
    self.parameters = parameters.map { ($0.name.text, $0.defaultValue == nil) }
  }

  init(_ function: FunctionValue) {
    name = function.name
    parameters = function.parameters.map { ($0.name, $0.defaultCode == nil) }
  }

  /// The problem of a call with so many positional and these named arguments, if there is one.
  func problem(positional: Int, named: [Name], at span: Span) -> Problem? {
    let required = parameters.count { $0.isRequired }
    if positional > parameters.count {
      let expected = required == parameters.count ? "\(required)" : "\(required) to \(parameters.count)"
      return .argumentCount(name, given: positional, expected: expected, at: span)
    }
    for argument in named {
      guard let index = parameters.firstIndex(where: { $0.name == argument.text }) else {
        return .unknownParameter(
          argument.text, of: name.isEmpty ? "the function" : name, known: parameters.map(\.name), at: argument.span)
      }
      if index < positional {
        return Problem(
          "K019", seen: "parameter `\(argument.text)` is given twice", expected: "one value",
          labels: [.init(argument.span)])
      }
    }
    let given = Set(named.map(\.text))
    for (index, parameter) in parameters.enumerated()
    where parameter.isRequired && index >= positional && !given.contains(parameter.name) {
      return .missingFunctionArgument(name, parameter: parameter.name, at: span)
    }
    return nil
  }
}
