import CEdit

/// libedit at the terminal: one editable line at a time, with history and completion.
final class LineEditor {
  /// How reading a line ended.
  enum Outcome: Equatable {
    case line(String)
    /// Ctrl-D on an empty line, or the terminal is gone.
    case end
    /// Ctrl-C.
    case interrupted
  }

  /// What a press of the Tab key does.
  struct Answer: Equatable {
    /// Characters (Unicode scalars) before the cursor that go.
    var deleted = 0
    /// What is typed in their place.
    var inserted = ""
    /// A list to show under the line, or "".
    var list = ""
    /// Rows of the line below the cursor's, which the list must not overwrite.
    var rowsBelow = 0
  }

  /// Answers the Tab key: the line and the cursor's place in it, in UTF-8 bytes; nil sounds the bell.
  var complete: (_ line: String, _ cursor: Int) -> Answer? = { _, _ in nil }

  private var handle: OpaquePointer?

  /// - Parameters:
  ///   - onError: draws on standard error, because standard output is no terminal.
  ///   - historySize: entries that the arrow keys reach.
  init?(onError: Bool, isDumb: Bool, historySize: Int) {
    let me = Unmanaged.passUnretained(self).toOpaque()
    handle = cedit_open(
      onError ? 1 : 0, isDumb ? 1 : 0, Int32(clamping: historySize),
      { context, editor, line, length, cursor in
        guard let context, let line else { return }
        let bytes = UnsafeRawBufferPointer(start: line, count: length)
        Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue()
          .answer(editor, String(decoding: bytes, as: UTF8.self), min(cursor, length))
      }, me)
    if handle == nil { return nil }
  }

  deinit { cedit_close(handle) }

  /// Reads one line, without its line feed. Parts of the prompt between two U+0001 take no room on the screen.
  func read(prompt: String) -> Outcome {
    var outcome = CEditEnd
    let text = cedit_read(handle, prompt, &outcome)
    switch outcome {
    case CEditInterrupted: return .interrupted
    case CEditLine:
      var line = text.map { String(cString: $0) } ?? ""
      if line.utf8.last == 0x0A { line.unicodeScalars.removeLast() }
      return .line(line)
    default: return .end
    }
  }

  /// Adds an entry for the arrow keys and Ctrl-R.
  func remember(_ entry: String) { cedit_remember(handle, entry) }

  private func answer(_ editor: OpaquePointer?, _ line: String, _ cursor: Int) {
    guard let answer = complete(line, cursor) else { return }
    if answer.deleted > 0 || !answer.inserted.isEmpty {
      cedit_replace(editor, Int32(clamping: answer.deleted), answer.inserted)
    }
    if !answer.list.isEmpty { cedit_show(editor, Int32(clamping: answer.rowsBelow), answer.list) }
  }
}
