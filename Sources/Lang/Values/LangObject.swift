/// A value of the host that the language carries without knowing it: a model, a configuration, a data set, a plot.
public protocol LangObject: Sendable {
  /// The word for its type in messages and signatures: `config`.
  var typeName: String { get }
  /// How it prints.
  var display: String { get }
  /// Whether two host values are the same to the user.
  func isEqual(to other: any LangObject) -> Bool
  /// Names readable with `value.name`.
  var fieldNames: [String] { get }
  /// The value behind `value.name`, if there is one.
  func field(_ name: String) -> Value?
  /// What an operator yields with this value on its left, its right or both; nil where it means nothing.
  ///
  /// `==` and `!=` come here too; where they yield nil, `isEqual` decides. Throws a `Problem`.
  func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value, at span: Span) throws -> Value?
  /// The value behind a minus; nil where it means nothing.
  func negated(at span: Span) throws -> Value?
  /// The value behind `value[0, 1:3]`; nil where these subscripts mean nothing.
  func element(_ subscripts: [Subscript], at span: Span) throws -> Value?
  /// How many elements `for` and `len` see, each read by `element([.index])`; nil for a value without elements.
  var elementCount: Int? { get }
}

/// One subscript of `value[0, 1:3]`.
public enum Subscript: Sendable {
  case index(Value)
  /// `low:high`; a bound that was left out is nothing.
  case slice(low: Value, high: Value)
}

extension LangObject {
  public var fieldNames: [String] { [] }
  public func field(_ name: String) -> Value? { nil }
  public func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value, at span: Span) throws -> Value? { nil }
  public func negated(at span: Span) throws -> Value? { nil }
  public func element(_ subscripts: [Subscript], at span: Span) throws -> Value? { nil }
  public var elementCount: Int? { nil }
}
