import CEdit
import Foundation
import Lang
import Runtime

/// Puts a session together with the terminal and runs what the command line asks for.
struct Start {
  let home: String
  let format: OutputFormat?
  let arguments: [String]
  let terminal: TerminalTraits
  let environment: [String: String]
  let progress: ProgressLine
  let streams: StandardStreams
  /// Set by Ctrl-C.
  let cancellation = Runtime.Cancellation()
  let problems: ProblemRenderer

  init(
    home: String?, format: OutputFormat?, arguments: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.home = HomeFolder.path(option: home, environment: environment)
    self.format = format
    self.arguments = arguments
    self.environment = environment
    terminal = .detect(environment: environment)
    progress = ProgressLine(
      style: .init(terminal), columns: { TerminalSize.current(environment: environment).columns },
      now: { ProcessInfo.processInfo.systemUptime }, write: { StandardStreams.write($0, to: 2) })
    streams = StandardStreams(progress, cancellation)
    problems = ProblemRenderer(
      colour: terminal.errorStyle.colors != .none,
      columns: terminal.isErrorTerminal ? max(terminal.size.columns - 8, 40) : 140)
  }

  /// Runs a text; what it prints by itself goes to standard error if standard output is to hold one value.
  func run(name: String, _ read: () throws -> String) -> ExitStatus {
    let text: String
    do { text = try read() } catch { return fail(error, .rejected) }
    do {
      return try runner().run(Source(name: name, text: text))
    } catch {
      return fail(error, .failed)
    }
  }

  func shell() -> ExitStatus {
    do {
      guard cedit_use_utf8() != 0 else {
        streams.note("this system has no UTF-8 locale: only ASCII can be typed")
        return try interact()
      }
      return try interact()
    } catch {
      return fail(error, .failed)
    }
  }

  private func interact() throws -> ExitStatus {
    let shell = Shell(
      runner: try runner(), history: HistoryFile(path: home + "/history"), terminal: terminal, environment: environment)
    guard let shell else { throw ShellProblems.noLineEditor() }
    return shell.run()
  }

  /// Prints all problems of all files.
  func check(_ files: [String]) -> ExitStatus {
    var status = ExitStatus.done
    for file in files {
      do {
        let text = try file == "-" ? ScriptText.readStandardInput() : ScriptText.read(file)
        let found = try runner().check(Source(name: file, text: text))
        for problem in found { streams.result(format == .json ? problems.json(problem) : problems.render(problem)) }
        if found.contains(where: { $0.severity == .error }) { status = .rejected }
      } catch {
        status = fail(error, .rejected)
      }
    }
    return status
  }

  private func runner() throws -> SourceRunner {
    let isForPeople = format == nil || format == .table
    let session = try Session(
      options: SessionOptions(
        home: home, terminal: terminal, progress: progress, output: isForPeople ? streams.result : streams.note,
        arguments: arguments, cancellation: cancellation))
    Interrupts.stop(session)
    return SourceRunner(
      session: session, streams: streams, progress: progress, problems: problems, format: format,
      width: { [environment] in TerminalSize.current(environment: environment).columns })
  }

  private func fail(_ error: any Error, _ status: ExitStatus) -> ExitStatus {
    streams.note(problems.render(ShellProblems.describing(error)))
    return status
  }
}
