/// What one statement of a text yielded.
public struct StatementResult: Sendable {
  public let value: Value
  public let span: Span
  /// An expression or a pipeline, whose value a shell prints; `let`, `def`, loops and assignments are not.
  public let isExpression: Bool
}

/// A session: variables and functions that live from line to line.
public final class Interpreter {
  public let context: Context
  /// The value of the last expression that was not nothing.
  public private(set) var last = Value.nil
  private var importing: [String] = []

  public init(context: Context) { self.context = context }

  /// A text ready to run.
  private struct Program {
    var steps: [Step] = []
    var problems: [Problem] = []
    var globals = GlobalStore()
  }

  private struct Step {
    var code: Code
    var statement: Statement
    var slots: Int
    var isImported: Bool
  }

  /// All problems and warnings of a text, without running it; imported files are read and checked too.
  public func check(_ source: Source) -> [Problem] { compile(source).problems }

  /// Checks the whole text, then runs it; yields the value of the last statement.
  ///
  /// Throws `CheckFailure` before anything ran, a `Problem` while running, `CancellationProblem` when stopped.
  /// - Parameters:
  ///   - onWarning: what the check found that does not keep the text from running.
  ///   - onResult: called after every top-level statement.
  @discardableResult
  public func run(
    _ source: Source, onWarning: (Problem) -> Void = { _ in },
    onResult: (StatementResult) throws -> Void = { _ in }
  ) throws -> Value {
    let program = compile(source)
    guard !program.problems.contains(where: { $0.severity == .error }) else {
      throw CheckFailure(problems: program.problems)
    }
    for warning in program.problems { onWarning(warning) }
    context.globals = program.globals
    context.stackGuard.enter()
    (context.callDepth, context.calls, context.passes) = (0, 0, 0)
    context.memory.start(context.limits)
    var value = Value.nil
    var frame = Frame(count: 0, context: context)
    for step in program.steps {
      try context.checkCancelled(at: step.statement.span)
      if frame.count < step.slots { frame = Frame(count: step.slots, context: context) }
      value = try step.code(frame)
      frame.signal = .next
      let isExpression = if case .expression = step.statement.kind { !step.isImported } else { false }
      if isExpression, value.type != .nil { last = value }
      try onResult(StatementResult(value: value, span: step.statement.span, isExpression: isExpression))
    }
    return value
  }

  /// Parses and checks a text and, first, the files that it imports: what they define is known to what follows.
  private func compile(_ source: Source) -> Program {
    importing = [source.name]
    let compiler = Compiler(context: context)
    var program = Program()
    compile(source, with: compiler, into: &program)
    program.problems = Self.inOrder(compiler.problems)
    program.globals = compiler.globals
    return program
  }

  /// As the texts are read from top to bottom, each text for itself.
  private static func inOrder(_ problems: [Problem]) -> [Problem] {
    var texts: [Source?] = []
    for problem in problems where !texts.contains(where: { $0 === problem.span?.source }) {
      texts.append(problem.span?.source)
    }
    return texts.flatMap { text in
      problems.filter { $0.span?.source === text }.enumerated().sorted { left, right in
        (left.element.span?.start ?? 0, left.offset) < (right.element.span?.start ?? 0, right.offset)
      }.map(\.element)
    }
  }

  private func compile(_ source: Source, with compiler: Compiler, into program: inout Program) {
    var vocabulary = Vocabulary(
      commands: context.commands, functions: context.functions, catalogue: compiler.catalogue,
      variables: VariableNames(compiler.globals.names))
    let script = Parser.parse(source, vocabulary: vocabulary)
    for statement in script.statements {
      if case .importFile(let path, let span) = statement.kind {
        load(path, at: span, from: source, with: compiler, into: &program)
      }
    }
    vocabulary.variables = VariableNames(compiler.globals.names)
    vocabulary.catalogue = compiler.catalogue
    // What an import defines decides which words are commands, so a text with imports is parsed again.
    let hasImports = script.statements.contains { if case .importFile = $0.kind { true } else { false } }
    let final = hasImports ? Parser.parse(source, vocabulary: vocabulary) : script
    compiler.scope = Scope(.text, parent: nil)
    let (codes, slots) = compiler.compile(final)
    program.steps += codes.map {
      Step(code: $0.code, statement: $0.statement, slots: slots, isImported: importing.count > 1)
    }
  }

  private func load(
    _ path: String, at span: Span, from source: Source, with compiler: Compiler, into program: inout Program
  ) {
    guard !importing.contains(path), importing.count < context.limits.importDepth else {
      compiler.report(.importCycle(path, at: span))
      return
    }
    do {
      let text = try context.readFile(path, source.name)
      importing.append(path)
      compile(Source(name: path, text: text), with: compiler, into: &program)
      importing.removeLast()
    } catch let problem as Problem {
      compiler.report(problem.at(span))
    } catch {
      compiler.report(.unreadableFile(path, reason: "\(error)", at: span))
    }
  }
}
