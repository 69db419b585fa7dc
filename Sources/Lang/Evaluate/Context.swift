/// What running code and commands may use: the session's names, the output, the cancellation flag.
///
/// One thread uses a context at a time; only `cancellation` is shared.
public final class Context {
  public let commands: CommandRegistry
  public let functions: FunctionRegistry
  public let catalogue: any Catalogue
  public let cancellation: Cancellation
  public let limits: Limits
  /// Receives every printed line, without its line break.
  public var output: (String) -> Void
  /// Reads the text of an imported file; the second argument is the name of the importing source.
  public var readFile: (_ path: String, _ importer: String) throws -> String

  /// Variables that the host sets while a text runs, so that nothing is known of them beforehand.
  public var changingNames: Set<String> = ["_", "last"]

  var globals = GlobalStore()
  var callDepth = 0
  /// Calls and passes of loops, for `worked`.
  var calls = 0
  var passes = 0
  var memory = MemoryWatch()
  var stackGuard = StackGuard()

  public init(
    commands: CommandRegistry, functions: FunctionRegistry = .builtins, catalogue: any Catalogue = EmptyCatalogue(),
    cancellation: Cancellation = Cancellation(),
    limits: Limits = Limits(), output: @escaping (String) -> Void = { _ in },
    readFile: @escaping (_ path: String, _ importer: String) throws -> String = { path, _ in
      throw Problem.unreadableFile(path, reason: "this host reads no files", at: nil)
    }
  ) {
    self.commands = commands
    self.functions = functions
    self.catalogue = catalogue
    self.cancellation = cancellation
    self.limits = limits
    self.output = output
    self.readFile = readFile
  }

  /// Prints a line.
  public func print(_ line: String) { output(line) }

  /// Throws `CancellationProblem` once the host has raised the flag.
  public func checkCancelled(at span: Span? = nil) throws {
    if cancellation.isCancelled { throw CancellationProblem(span: span) }
  }

  /// Reports a value that was just made: throws `Problem` K057 or K058 where it, or all that the script holds, is too large.
  func made(_ value: Value, at span: Span?) throws {
    let bytes = value.ownBytes
    if bytes > 4096 { try made(bytes: bytes, at: span) }
    if case .string = value { try limits.check(textBytes: bytes, at: span) }
  }

  /// Reports a value that a function or a command of the host made.
  func checkMade(_ value: Value, at span: Span?) throws {
    try made(value, at: span)
    try Nesting.check(value, limits, at: span)
  }

  func made(bytes: Int, at span: Span?) throws {
    if memory.isOver(made: bytes) { throw Problem.memoryUsedUp(limits.memoryBytes, at: span) }
  }

  /// Reports some thousand passes or calls.
  func worked(at span: Span?) throws {
    if calls &+ passes > limits.steps { throw Problem.loopTooLong(limits.steps, at: span) }
    if memory.isOverAfterReport() { throw Problem.memoryUsedUp(limits.memoryBytes, at: span) }
  }

  /// The value of a variable of the session.
  public func variable(_ name: String) -> Value? { globals.value(name) }

  /// Names of the session's variables in the order they were made.
  public var variableNames: [String] { globals.names }

  /// Makes or changes a variable of the session.
  public func setVariable(_ name: String, to value: Value) { globals.set(name, value) }

  /// Calls a function value.
  public func apply(_ function: FunctionValue, to arguments: [Value], at span: Span? = nil) throws -> Value {
    try function.call(arguments, named: [], in: self, at: span)
  }
}
