/// Checks a script and turns it into closures in one walk, so that what is checked is what runs.
///
/// Names become slots, arguments are tied to parameters, and everything that can be known without running is verified;
/// all problems are collected. With an error among them the code is thrown away.
final class Compiler {
  let commands: CommandRegistry
  let functions: FunctionRegistry
  /// The host's names, and those that the text has declared so far.
  var catalogue: any Catalogue
  var globals: GlobalStore
  var problems: [Problem] = []
  var scope = Scope(.text, parent: nil)
  /// What is known of the session's variables at this point of the text.
  var knownGlobals: [String: Known] = [:]
  var failedNames: Set<String> = []
  var assignedNames: Set<String> = []
  /// Names that exactly one top-level statement of the text makes.
  var boundOnce: Set<String> = []
  /// Those whose statement has been read.
  var boundSoFar: Set<String> = []
  /// Inside `summarize`, where `count()` is the number of rows.
  var allowsCount = false
  /// The policy that is being compiled; session variables do not exist there.
  var policyName: String?
  /// The name just read is unknown, so which parameters it would have added is unknown too.
  var failedEntry = false

  init(context: Context) {
    commands = context.commands
    functions = context.functions
    catalogue = context.catalogue
    globals = context.globals
    for name in globals.names where !context.changingNames.contains(name) {
      if let value = globals.value(name) { knownGlobals[name] = Known(value) }
    }
  }

  /// A compiled expression and what is known of it.
  struct Piece {
    var code: Code
    var known: Known

    init(code: @escaping Code, type: ValueType = .any, names: [String]? = nil, shape: CallShape? = nil) {
      self.init(code: code, known: Known(type: type, names: names, shape: shape))
    }

    init(code: @escaping Code, known: Known) {
      self.code = code
      self.known = known
    }

    var type: ValueType {
      get { known.type }
      set { known.type = newValue }
    }
    var constant: Value? { known.constant }
    var names: [String]? { known.names }

    static func constant(_ value: Value) -> Piece { Piece(code: { _ in value }, known: Known(value)) }
    /// Stands for what could not be compiled; never runs.
    static let broken = Piece(code: { _ in .nil })
  }

  /// The top-level statements of a script, with the number of frame slots they need together.
  func compile(_ script: Script) -> (statements: [(code: Code, statement: Statement)], slots: Int) {
    problems += script.problems
    failedNames = script.failedNames
    assignedNames = script.assignedNames
    var bindings: [String: Int] = [:]
    for statement in script.statements {
      switch statement.kind {
      case .bind(let name, _), .define(let name, _, _, _):
        _ = globals.declare(name.text)
        bindings[name.text, default: 0] += 1
      default: break
      }
    }
    boundOnce = Set(bindings.filter { $0.value == 1 }.keys)
    let statements = script.statements.map { (code: self.statement($0, isTopLevel: true), statement: $0) }
    return (statements, scope.slotCount)
  }

  func report(_ problem: Problem) { problems.append(problem) }

  // MARK: Names

  /// Code that reads a place in the current frame.
  func read(_ place: Scope.Place, _ name: String, at span: Span) -> Code {
    switch place {
    case .local(let local):
      let slot = local.slot
      return { $0.slots[slot] }
    case .captured(let slot), .row(let slot): return { $0.slots[slot] }
    case .global(let slot):
      return { frame in
        guard let value = frame.context.globals.values[slot] else { throw Problem.withoutValue(name, at: span) }
        return value
      }
    }
  }

  var isInsideFunction: Bool {
    var current: Scope? = scope
    while let here = current {
      if here.kind == .function { return true }
      current = here.parent
    }
    return false
  }

  func name(_ name: String, at span: Span) -> Piece {
    if let place = scope.resolve(name, at: span, globals: globals) {
      var piece = Piece(code: read(place, name, at: span))
      switch place {
      case .local(let local): if !assignedNames.contains(name) { piece.known = local.known }
      case .global: piece.known = knownGlobal(name)
      case .captured, .row: break
      }
      return piece
    }
    if let builtin = functions.table[name] { return .constant(.function(builtin.function)) }
    if let (entry, kind) = catalogue.callable(name) { return make(entry, kind, [], at: span) }
    if policyName != nil, knownGlobals[name] != nil {
      report(.sessionName(name, at: span))
    } else if !failedNames.contains(name) {
      report(
        .unknownName(name, known: knownNames(), isCommand: commands.signature(name) != nil, at: span))
    }
    return .broken
  }

  /// What is known of a variable of the session here. A function may run after a later line gave the name another
  /// value; what this text says once and never changes is held against calls in it all the same.
  func knownGlobal(_ name: String) -> Known {
    guard !assignedNames.contains(name), var known = knownGlobals[name] else { return Known() }
    guard isInsideFunction else { return known }
    known.constant = nil
    return boundOnce.contains(name) && boundSoFar.contains(name) ? known : Known()
  }

  func knownNames() -> [String] {
    let callables = catalogue.kinds.filter { catalogue.isCallable($0) }.flatMap {
      catalogue.entries(of: $0).map(\.name)
    }
    return scope.names(globals: globals).sorted() + functions.all.map(\.name) + callables
  }

  /// Runs a part of the walk in a block of its own, whose names end with it.
  func inBlock<Result>(_ body: () -> Result) -> Result {
    scope.blocks.append([:])
    defer { scope.blocks.removeLast() }
    return body()
  }
}
