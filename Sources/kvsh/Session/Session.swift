import Foundation
import Lang
import Runtime

/// How a session starts.
struct SessionOptions {
  var home: String
  var terminal: TerminalTraits
  var progress: any ProgressDisplay
  /// Receives every printed line.
  var output: (String) -> Void
  /// What follows the script's name; `args` in the language.
  var arguments: [String] = []
  /// Ends long work.
  var cancellation = Runtime.Cancellation()
  /// The models of the session that this one is part of.
  var models: ModelLibrary?
  /// Whether runs take nothing from the store and keep nothing there.
  var recomputes = false
}

/// One run of kvsh: the language, the commands, and the state that lives from line to line.
final class Session {
  let context: Context
  let interpreter: Interpreter
  let problems: ProblemCatalogue
  private let workbench: Workbench

  init(options: SessionOptions) throws {
    let workbench = Workbench(
      home: options.home, terminal: options.terminal, progress: options.progress, cancellation: options.cancellation,
      models: options.models)
    workbench.recomputes = options.recomputes
    let problems = ProblemCatalogue.kvsh
    self.workbench = workbench
    self.problems = problems
    context = Context(
      commands: CommandRegistry(Commands.all(workbench, problems: problems)),
      functions: FunctionRegistry(TensorFunctions.all(workbench) + RouteFunctions.all),
      catalogue: KvshCatalogue(home: options.home, policies: PolicyRegistry { try workbench.math() }),
      output: options.output,
      readFile: { path, importer in
        // A relative path is looked for beside the importing script.
        let folder = URL(fileURLWithPath: importer).deletingLastPathComponent().path
        return try ScriptText.read(path.hasPrefix("/") ? path : folder + "/" + path)
      })
    context.setVariable("args", to: .list(options.arguments.map { .string($0) }))
    // The names must be known before the first result, and so be checked like any other.
    for name in Self.resultNames { context.setVariable(name, to: .nil) }
    interpreter = Interpreter(context: context)
  }

  /// The names of the latest value that was printed.
  static let resultNames = ["_", "last"]

  /// Makes a value the latest.
  func keep(_ value: Value) {
    for name in Self.resultNames { context.setVariable(name, to: value) }
  }

  /// What `source` does while a text runs.
  func onSource(_ run: ((Source) throws -> Void)?) { workbench.runSource = run }

  /// Notes in the store that a typed line begins and, with the value that is returned, how it ended. A store that cannot be
  /// used is no reason not to run the line.
  func begin(typed line: String) -> (_ status: String) -> Void {
    let start = ContinuousClock.now
    let store = try? workbench.store()
    let id = store.flatMap { try? $0.begin(line: line) }
    workbench.typedLine = id
    return { [workbench] status in
      workbench.typedLine = nil
      // A line that gave what it had finished did something that later lines may build on.
      if status == "done" || (status == "interrupted" && workbench.wasInterrupted) {
        workbench.sessionLines.append(line)
      }
      if let store, let id { try? store.end(line: id, seconds: (.now - start) / .seconds(1), status: status) }
    }
  }

  /// Asks running work to end; only sets flags, so a signal handler may call it.
  func interrupt() {
    context.cancellation.cancel()
    workbench.cancellation.cancel()
  }

  /// Lowers the flags before the next line.
  func resetInterrupt() {
    context.cancellation.reset()
    workbench.cancellation.reset()
    workbench.wasInterrupted = false
  }

  /// What the latest `run` ran.
  var latestRecord: RunRecord? { workbench.latestRecord }

  /// Whether the last line ended early with what was finished; a script stops there with exit code 130.
  var wasInterrupted: Bool { workbench.wasInterrupted || context.cancellation.isCancelled }

  /// A value as it is printed.
  func render(_ value: Value, as format: OutputFormat, width: Int, isWhole: Bool = false) -> String {
    ValueRenderer(terminal: workbench.terminal, width: width, cancellation: workbench.cancellation)
      .render(value, as: format, isWhole: isWhole)
  }
}
