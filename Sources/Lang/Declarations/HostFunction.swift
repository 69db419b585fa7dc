/// A function that the host adds to the language: declared once, and read by checker, completion and help like a builtin.
///
/// A host function with the name of a builtin extends it: calls with a host value among the arguments are the host's,
/// all others the builtin's. It then begins with the builtin's parameters and adds its own as named ones.
public struct HostFunction: Sendable {
  public let name: String
  /// One line.
  public let summary: String
  /// Paragraphs for `help NAME`.
  public let details: String
  /// `positional` ones in order; a `variadic` one takes the arguments that are left.
  public let parameters: [Parameter]
  public let result: ValueType
  public let examples: [Example]
  let body: @Sendable (FunctionCall) throws -> Value

  /// - Parameter body: does the work; throws a `Problem`, which gets the place of the call if it has none.
  public init(
    _ name: String, _ summary: String, details: String = "", parameters: [Parameter], result: ValueType = .any,
    examples: [Example] = [], body: @escaping @Sendable (FunctionCall) throws -> Value
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.result = result
    self.examples = examples
    self.body = body
  }

  /// Ties arguments to parameters, verifies them and runs the body.
  func call(_ positional: [Value], _ named: [(String, Value)], _ context: Context, _ span: Span?) throws -> Value {
    let call = try FunctionCall(self, positional, named, context, span)
    do {
      return try body(call)
    } catch let problem as Problem {
      throw problem.at(span)
    }
  }
}
