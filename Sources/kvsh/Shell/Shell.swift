import Foundation
import Lang

/// The interactive shell: reads lines until Ctrl-D, `exit` or `quit`; nothing that a line does ends it.
final class Shell {
  static let prompt = "kvsh> "
  static let continuation = "  ... "

  private let runner: SourceRunner
  private let editor: LineEditor
  private let history: HistoryFile
  private let terminal: TerminalTraits
  private let environment: [String: String]
  /// Lines of an input that is not complete yet, each with its line feed.
  private var pending = ""
  private var lineNumber = 0
  private var newestEntry: String?

  /// - Returns: nil if the line editor cannot start.
  init?(runner: SourceRunner, history: HistoryFile, terminal: TerminalTraits, environment: [String: String]) {
    guard
      let editor = LineEditor(onError: !terminal.isTerminal, isDumb: terminal.isDumb, historySize: history.limit)
    else { return nil }
    self.runner = runner
    self.editor = editor
    self.history = history
    self.terminal = terminal
    self.environment = environment
    for entry in history.load() {
      editor.remember(entry)
      newestEntry = entry
    }
    editor.complete = { [unowned self] line, cursor in self.complete(line, cursor) }
    // The names must be known before the first result, and so be checked like any other.
    for name in Self.resultNames { runner.session.context.setVariable(name, to: .nil) }
  }

  /// The value of the latest line that had one.
  private static let resultNames = ["_", "last"]

  func run() -> ExitStatus {
    runner.streams.note("kvsh \(Version.kvsh): `help` lists the commands, Tab completes, Ctrl-D ends")
    while true {
      // Before the line is read: a Ctrl-C right after Enter already means the work.
      runner.session.resetInterrupt()
      switch editor.read(prompt: prompt) {
      case .interrupted:
        runner.streams.note("^C")
        pending = ""
      case .end:
        runner.streams.note("")
        if pending.isEmpty { return .done }
        submit()
      case .line(let line):
        pending += line
        if Completer.isComplete(pending) {
          if ["exit", "quit"].contains(pending.trimmingCharacters(in: .whitespaces)) { return .done }
          submit()
        } else {
          pending += "\n"
        }
      }
    }
  }

  private var prompt: String {
    let text = pending.isEmpty ? Self.prompt : Self.continuation
    guard terminal.plotStyle.colors != .none else { return text }
    return "\u{1}\u{1B}[\(pending.isEmpty ? "1;36" : "36")m\u{1}\(text)\u{1}\u{1B}[0m\u{1}"
  }

  private func submit() {
    var text = pending
    pending = ""
    while text.last?.isNewline ?? false { text.removeLast() }
    guard !text.allSatisfy(\.isWhitespace) else { return }
    if text != newestEntry {
      editor.remember(text)
      history.append(text)
      newestEntry = text
    }
    lineNumber += 1
    let context = runner.session.context
    _ = runner.run(Source(name: "<line \(lineNumber)>", text: text)) { result in
      for name in Self.resultNames { context.setVariable(name, to: result.value) }
    }
  }

  private func complete(_ line: String, _ cursor: Int) -> LineEditor.Answer? {
    let text = pending + line
    let lineStart = pending.utf8.count
    let context = runner.session.context
    let named = Completer(context: context).completions(text, at: lineStart + cursor)
    let paths = PathCompletion(commands: context.commands, catalogue: context.catalogue)
      .completions(text, at: lineStart + cursor)
    let sameRange = paths.first.map { path in named.filter { $0.range == path.range } } ?? named
    let tab = TabCompletion(
      size: .current(environment: environment),
      promptWidth: DisplayWidth.of(pending.isEmpty ? Self.prompt : Self.continuation))
    return tab.answer(paths + sameRange, text: text, lineStart: lineStart, cursor: lineStart + cursor)
  }
}
