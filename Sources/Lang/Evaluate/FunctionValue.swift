/// A function of the language: a lambda, a `def`, a builtin or a closure of the host.
public final class FunctionValue: Sendable {
  public struct ParameterSlot: Sendable {
    public let name: String
    /// Computes the default in the frame of the call; nil if the argument is required.
    let defaultCode: Code?
    /// The default as it was written.
    var defaultText: String?
  }

  enum Body: Sendable {
    /// Code, the frame slots it needs, and the values captured when it was made; a nil is the function itself.
    case code(Code, slots: Int, captures: [(slot: Int, value: Value?)])
    case native(@Sendable ([Value], Context, Span?) throws -> Value)
    /// Ties its named arguments itself.
    case declared(Declared)
  }

  typealias Declared = @Sendable ([Value], [(String, Value)], Context, Span?) throws -> Value

  /// Empty for a lambda.
  public let name: String
  public let parameters: [ParameterSlot]
  /// The `##` lines above a `def`.
  public let doc: String
  let body: Body
  /// Functions that hold functions that hold functions: freeing a long chain would use up the stack.
  let captureDepth: Int

  init(name: String, parameters: [ParameterSlot], doc: String, body: Body, captureDepth: Int = 0) {
    self.name = name
    self.captureDepth = captureDepth
    self.parameters = parameters
    self.doc = doc
    self.body = body
  }

  /// A function of the host; it must accept any number of arguments and throw a `Problem` for a wrong one.
  public init(
    name: String, parameters: [String], doc: String = "",
    body: @escaping @Sendable ([Value], Context, Span?) throws -> Value
  ) {
    self.name = name
    self.parameters = parameters.map { ParameterSlot(name: $0, defaultCode: nil) }
    self.doc = doc
    self.body = .native(body)
    captureDepth = 0
  }

  init(name: String, parameters: [String], doc: String, declared: @escaping Declared) {
    self.name = name
    self.parameters = parameters.map { ParameterSlot(name: $0, defaultCode: nil) }
    self.doc = doc
    self.body = .declared(declared)
    captureDepth = 0
  }
}
