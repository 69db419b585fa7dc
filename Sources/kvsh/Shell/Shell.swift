import CEdit
import Foundation
import Lang

/// The interactive shell: reads lines until Ctrl-D, `exit` or `quit`; nothing that a line does ends it.
final class Shell {
  static let prompt = "kvsh> "
  static let continuation = "  ... "

  private let runner: SourceRunner
  private let editor: LineEditor
  private let history: HistoryFile
  /// Lines of an input that is not complete yet, each with its line feed.
  private var pending = ""
  private var lineNumber = 0
  private var newestEntry: String?

  /// - Returns: nil if the line editor cannot start.
  init?(runner: SourceRunner, history: HistoryFile, terminal: TerminalTraits, environment: [String: String]) {
    guard
      let editor = LineEditor(
        onError: !terminal.isTerminal, isDumb: terminal.isDumb, usesColour: terminal.plotStyle.colors != .none,
        historySize: history.limit, size: { .current(environment: environment) })
    else { return nil }
    self.runner = runner
    self.editor = editor
    self.history = history
    for entry in history.load() {
      editor.remember(entry)
      newestEntry = entry
    }
    editor.language.complete = { [unowned self] line, cursor in self.complete(line, cursor) }
    editor.language.styles = { [unowned self] line, cursor in
      HighlightStyle.styles(self.highlighter.highlights(line, cursor: cursor))
    }
    editor.language.isComplete = { Completer.isComplete($0) }
  }

  private var highlighter: Highlighter { Highlighter(context: runner.session.context) }

  func run() -> ExitStatus {
    runner.streams.note("kvsh \(Version.kvsh): `help` lists the commands, Tab completes, Ctrl-D ends")
    while true {
      // Before the line is read: a Ctrl-C right after Enter already means the work.
      runner.session.resetInterrupt()
      let prompt = pending.isEmpty ? Self.prompt : Self.continuation
      switch editor.read(prompt: prompt, continuation: Self.continuation) {
      case .interrupted:
        if editor.isDumb { runner.streams.note("^C") }
        pending = ""
      case .end:
        if editor.isDumb { runner.streams.note("") }
        if pending.isEmpty { return .done }
        submit()
      case .line(let line):
        pending += line
        // A dumb terminal hands an open input over line by line.
        if Completer.isComplete(pending) {
          if ["exit", "quit"].contains(pending.trimmingCharacters(in: .whitespaces)) { return .done }
          submit()
        } else {
          pending += "\n"
        }
      }
    }
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
    cedit_quiet_begin()
    let end = runner.session.begin(typed: text)
    end(runner.run(Source(name: "<line \(lineNumber)>", text: text)).word)
  }

  private func complete(_ line: String, _ cursor: Int) -> TabCompletion.Offer? {
    let text = pending + line
    let lineStart = pending.utf8.count
    let context = runner.session.context
    let named = Completer(context: context, fileColumns: FileColumns.read).completions(text, at: lineStart + cursor)
    let paths = PathCompletion(commands: context.commands, catalogue: context.catalogue)
      .completions(text, at: lineStart + cursor)
    let sameRange = paths.first.map { path in named.filter { $0.range == path.range } } ?? named
    return TabCompletion.offer(paths + sameRange, text: text, lineStart: lineStart, cursor: lineStart + cursor)
  }
}
