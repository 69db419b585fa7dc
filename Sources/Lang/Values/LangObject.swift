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
}

extension LangObject {
  public var fieldNames: [String] { [] }
  public func field(_ name: String) -> Value? { nil }
}
