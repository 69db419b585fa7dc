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
  var globalTypes: [String: (type: ValueType, constant: Value?)] = [:]
  var failedNames: Set<String> = []
  var assignedNames: Set<String> = []
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
    for name in globals.names {
      if let value = globals.value(name) { globalTypes[name] = (value.type, value) }
    }
  }

  /// A compiled expression and what is known of it.
  struct Piece {
    var code: Code
    var type: ValueType = .any
    /// Its value, if it is known without running.
    var constant: Value?

    static func constant(_ value: Value) -> Piece { Piece(code: { _ in value }, type: value.type, constant: value) }
    /// Stands for what could not be compiled; never runs.
    static let broken = Piece(code: { _ in .nil })
  }

  /// The top-level statements of a script, with the number of frame slots they need together.
  func compile(_ script: Script) -> (statements: [(code: Code, statement: Statement)], slots: Int) {
    problems += script.problems
    failedNames = script.failedNames
    assignedNames = script.assignedNames
    for statement in script.statements {
      switch statement.kind {
      case .bind(let name, _), .define(let name, _, _, _): _ = globals.declare(name.text)
      default: break
      }
    }
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
      case .local(let local):
        if !assignedNames.contains(name) { (piece.type, piece.constant) = (local.type, local.constant) }
      case .global:
        if !assignedNames.contains(name), !isInsideFunction, let known = globalTypes[name] {
          (piece.type, piece.constant) = (known.type, known.constant)
        }
      case .captured, .row: break
      }
      return piece
    }
    if let builtin = functions.table[name] { return .constant(.function(builtin.function)) }
    if let (entry, kind) = catalogue.callable(name) { return make(entry, kind, [], at: span) }
    if policyName != nil, globalTypes[name] != nil {
      report(.sessionName(name, at: span))
    } else if !failedNames.contains(name) {
      report(
        .unknownName(name, known: knownNames(), isCommand: commands.signature(name) != nil, at: span))
    }
    return .broken
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
