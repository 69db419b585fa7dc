/// The arguments of a host function, verified against its declaration.
public struct FunctionCall {
  public let name: String
  public let context: Context
  /// The call in the text, if it stands in one.
  public let span: Span?
  /// By parameter name; several for a variadic one, none for what was left out and has no default.
  private var values: [String: [Value]] = [:]
  private var given: Set<String> = []

  init(
    _ function: HostFunction, _ positional: [Value], _ named: [(String, Value)], _ context: Context, _ span: Span?
  ) throws {
    (name, self.context, self.span) = (function.name, context, span)
    let places = function.parameters.filter(\.positional)
    for (index, value) in positional.enumerated() {
      guard let parameter = index < places.count ? places[index] : places.last.flatMap({ $0.variadic ? $0 : nil })
      else {
        let required = places.count { $0.required }
        let expected = required == places.count ? "\(required)" : "\(required) to \(places.count)"
        throw Problem.argumentCount(name, given: positional.count, expected: expected, at: span)
      }
      try set(parameter, value)
    }
    for (key, value) in named {
      guard let parameter = function.parameters.first(where: { $0.name == key || $0.aliases.contains(key) }) else {
        let known = function.parameters.map(\.name)
        throw Problem(
          "K014", seen: "`\(name)` has no parameter `\(key)`", expected: "one of \(Problem.listed(known))",
          suggestion: NearestName.suggestion(key, in: known)
        ).at(span)
      }
      guard !given.contains(parameter.name) else {
        throw Problem("K019", seen: "parameter `\(key)` is given twice", expected: "one value").at(span)
      }
      try set(parameter, value)
    }
    for parameter in function.parameters where values[parameter.name] == nil {
      if let value = parameter.defaultValue { values[parameter.name] = [value] }
      if parameter.required, parameter.defaultValue == nil {
        throw Problem.missingFunctionArgument(name, parameter: parameter.name, at: span)
      }
    }
  }

  private mutating func set(_ parameter: Parameter, _ value: Value) throws {
    let place = span ?? Compiler.nowhere
    do {
      values[parameter.name, default: []].append(try parameter.accept(value, at: place))
    } catch var problem as Problem {
      if span == nil { problem.labels = [] }
      throw problem
    }
    given.insert(parameter.name)
  }

  /// Whether the argument was written (a default does not count).
  public func isGiven(_ name: String) -> Bool { given.contains(name) }

  /// The value, nil if there is neither an argument nor a default, or it is nothing.
  public func optional(_ name: String) -> Value? {
    guard let value = values[name]?.first, value.type != .nil else { return nil }
    return value
  }

  /// The value; throws if there is none.
  public func value(_ name: String) throws -> Value {
    guard let value = optional(name) else {
      throw Problem.missingFunctionArgument(self.name, parameter: name, at: span)
    }
    return value
  }

  /// All values of a variadic parameter.
  public func all(_ name: String) -> [Value] { values[name] ?? [] }

  public func int(_ name: String) throws -> Int {
    guard let number = try value(name).asInt else { throw wrong(name, .int) }
    return number
  }

  public func float(_ name: String) throws -> Double {
    guard let number = try value(name).asDouble else { throw wrong(name, .number) }
    return number
  }

  public func string(_ name: String) throws -> String {
    guard case .string(let text) = try value(name) else { throw wrong(name, .string) }
    return text
  }

  public func bool(_ name: String) throws -> Bool {
    guard case .bool(let flag) = try value(name) else { throw wrong(name, .bool) }
    return flag
  }

  /// The problem of an argument of another type.
  public func wrong(_ name: String, _ expected: ValueType) -> Problem {
    Problem.functionArgument(self.name, (values[name]?.first ?? .nil).type, expected: expected.name, at: span)
  }

  /// The problem of an argument of the right type without a meaning: "`topk`: k=9 of 4 numbers".
  public func domain(_ seen: String, expected: String? = nil) -> Problem {
    Problem("K053", seen: "`\(name)`: \(seen)", expected: expected).at(span)
  }
}
