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
}

/// One run of kvsh: the language, the commands, and the state that lives from line to line.
final class Session {
  let context: Context
  let interpreter: Interpreter
  let problems: ProblemCatalogue
  private let workbench: Workbench

  init(options: SessionOptions) throws {
    let workbench = Workbench(home: options.home, terminal: options.terminal, progress: options.progress)
    let problems = ProblemCatalogue.kvsh
    self.workbench = workbench
    self.problems = problems
    context = Context(
      commands: CommandRegistry(Commands.all(workbench, problems: problems)),
      functions: FunctionRegistry(TensorFunctions.all(workbench)),
      catalogue: KvshCatalogue(home: options.home, policies: PolicyRegistry { try workbench.math() }),
      output: options.output,
      readFile: { path, importer in
        // A relative path is looked for beside the importing script.
        let folder = URL(fileURLWithPath: importer).deletingLastPathComponent().path
        return try ScriptText.read(path.hasPrefix("/") ? path : folder + "/" + path)
      })
    context.setVariable("args", to: .list(options.arguments.map { .string($0) }))
    interpreter = Interpreter(context: context)
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

  /// Whether the last line ended early with what was finished; a script stops there with exit code 130.
  var wasInterrupted: Bool { workbench.wasInterrupted || context.cancellation.isCancelled }

  /// A value as it is printed.
  func render(_ value: Value, as format: OutputFormat, width: Int) -> String {
    ValueRenderer(terminal: workbench.terminal, width: width).render(value, as: format)
  }
}
