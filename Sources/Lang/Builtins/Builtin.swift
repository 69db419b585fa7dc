/// A function that every session knows, with the declaration that help, completion and the checker read.
public struct Builtin: Sendable {
  public let name: String
  public internal(set) var summary: String
  /// Paragraphs for `help NAME`.
  public internal(set) var details = ""
  public internal(set) var parameters: [Parameter]
  public internal(set) var result: ValueType
  /// Takes any number of further arguments.
  public internal(set) var isVariadic: Bool
  public internal(set) var examples: [Example] = []
  var function: FunctionValue

  init(
    _ name: String, _ summary: String, _ parameters: [String], result: ValueType = .any, isVariadic: Bool = false,
    _ body: @escaping @Sendable (BuiltinCall) throws -> Value
  ) {
    self.name = name
    self.summary = summary
    self.result = result
    self.isVariadic = isVariadic
    // `name:type`; a trailing `?` marks an argument that may be left out.
    self.parameters = parameters.map { text in
      let isOptional = text.hasSuffix("?")
      let words = (isOptional ? String(text.dropLast()) : text).split(separator: ":").map(String.init)
      let type = words.count > 1 ? Self.types[words[1]] : nil
      return Parameter(words[0], .value(type ?? .any), doc: "", positional: true, required: !isOptional)
    }
    let required = self.parameters.count { $0.required }
    let most = isVariadic ? Int.max : parameters.count
    function = FunctionValue(name: name, parameters: self.parameters.map(\.name), doc: summary) {
      values, context, span in
      guard values.count >= required, values.count <= most else {
        let expected = required == most ? "\(required)" : isVariadic ? "\(required) or more" : "\(required) to \(most)"
        throw Problem.argumentCount(name, given: values.count, expected: expected, at: span)
      }
      return try body(BuiltinCall(name: name, values: values, context: context, span: span))
    }
  }

  /// What a word in a declaration stands for, and what a message calls it.
  private static let types: [String: ValueType] = [
    "number": .number, "int": .int, "string": .string, "function": .function, "record": .record,
    "list": .union([.list, .range, .record, .table, .string]),
    "numbers": .union([.list(of: .union([.number, .bool, .share, .bytes, .nil])), .range, .nil]),
  ]

  /// Whether an argument of this type can never be right; host values have functions of their own.
  func mayTake(_ found: ValueType, for parameter: Parameter) -> Bool {
    guard case .value(let type) = parameter.type else { return true }
    if case .object = found { return true }
    return found.mayServe(as: type) || (found == .nil && !parameter.required)
  }

  /// What a message says that the argument should be.
  func expected(for parameter: Parameter) -> String {
    guard case .value(let type) = parameter.type else { return "any value" }
    if type == Self.types["list"] { return "list" }
    return type == Self.types["numbers"] ? "list of numbers" : type.name
  }

  /// `quantile(values, share)`.
  public var usage: String {
    let names = parameters.map { $0.required ? $0.name : "\($0.name)?" }
    return "\(name)(\((names + (isVariadic ? ["..."] : [])).joined(separator: ", ")))"
  }
}

/// The arguments of a builtin function, read with the right problem for a wrong one.
struct BuiltinCall {
  let name: String
  let values: [Value]
  let context: Context
  let span: Span?

  func wrong(_ value: Value, _ expected: String) -> Problem {
    .functionArgument(name, value.type, expected: expected, at: span)
  }

  func domain(_ seen: String) -> Problem { .functionDomain(name, seen, at: span) }

  func value(_ index: Int) -> Value { index < values.count ? values[index] : .nil }

  func isGiven(_ index: Int) -> Bool {
    if case .nil = value(index) { return false }
    return true
  }

  func number(_ index: Int) throws -> Double {
    guard let number = value(index).asDouble else { throw wrong(value(index), "number") }
    return number
  }

  func int(_ index: Int) throws -> Int {
    guard case .int(let number) = value(index) else { throw wrong(value(index), "whole number") }
    return number
  }

  func string(_ index: Int) throws -> String {
    guard case .string(let text) = value(index) else { throw wrong(value(index), "string") }
    return text
  }

  func function(_ index: Int) throws -> FunctionValue {
    guard case .function(let function) = value(index) else { throw wrong(value(index), "function") }
    return function
  }

  func list(_ index: Int) throws -> [Value] {
    switch value(index) {
    case .object(let object) where object.elementCount == nil: throw wrong(value(index), "list")
    case .list, .range, .record, .table, .string, .object:
      return try Elements.list(value(index), limit: context.limits.listElements, at: span)
    default: throw wrong(value(index), "list")
    }
  }

  /// The numbers of a list; missing values are left out.
  func numbers(_ index: Int) throws -> [Double] {
    if isMissing(index) { return [] }
    var numbers: [Double] = []
    for element in try list(index) {
      switch element {
      case .int(let number): numbers.append(Double(number))
      case .float(let number): if !number.isNaN { numbers.append(number) }
      case .bool(let flag): numbers.append(flag ? 1 : 0)
      case .share(let share): numbers.append(share)
      case .bytes(let bytes): numbers.append(Double(bytes))
      case .nil: continue
      default: throw Problem.functionArgument(name, .list(of: element.type), expected: "list of numbers", at: span)
      }
    }
    return numbers
  }

  private func isMissing(_ index: Int) -> Bool { if case .nil = value(index) { true } else { false } }

  func apply(_ function: FunctionValue, _ arguments: [Value]) throws -> Value {
    try context.checkCancelled(at: span)
    return try function.call(arguments, named: [], in: context, at: span)
  }

  func test(_ function: FunctionValue, _ element: Value) throws -> Bool {
    let result = try apply(function, [element])
    guard case .bool(let flag) = result else { throw wrong(result, "function that yields true or false") }
    return flag
  }
}
