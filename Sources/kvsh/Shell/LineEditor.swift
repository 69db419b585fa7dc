import CEdit
import Foundation
import Lang

/// libedit at the terminal: one input at a time, coloured as it is typed, with history and completion.
///
/// libedit edits, this draws (`LineFrame`, `LineScreen`); on a dumb terminal libedit draws, without colours.
final class LineEditor {
  /// How reading a line ended.
  enum Outcome: Equatable {
    case line(String)
    /// Ctrl-D on an empty line, or the terminal is gone.
    case end
    /// Ctrl-C.
    case interrupted
  }

  /// What the shell knows about a line.
  struct Language {
    /// What the Tab key offers at a UTF-8 offset of the line.
    var complete: (_ line: String, _ cursor: Int) -> TabCompletion.Offer? = { _, _ in nil }
    /// Colours of parts of the line, in order; UTF-8 offsets.
    var styles: (_ line: String, _ cursor: Int) -> [(range: Range<Int>, style: String)] = { _, _ in [] }
    /// Whether Enter ends the line, rather than making another row of it.
    var isComplete: (_ line: String) -> Bool = { _ in true }
  }

  var language = Language()
  let isDumb: Bool
  private var handle: OpaquePointer?
  private let output: Int32
  private let size: () -> TerminalSize
  private let usesColour: Bool
  /// Entries for the search, oldest first.
  private var entries: [String] = []

  private var prompt = ""
  private var continuation = ""
  private var screen: LineScreen
  /// What was drawn last: a window of another size folds it anew.
  private var drawn: (line: String, cursor: Int, below: [[ScreenCell]]) = ("", 0, [])
  /// The list under the line.
  private var list: CompletionList?
  /// The line and the cursor that the list was made for; any other ends it.
  private var listed: (line: String, cursor: Int)?
  /// While the history is searched.
  private var searching: HistorySearch?

  /// - Parameters:
  ///   - onError: draws on standard error, because standard output is no terminal.
  ///   - historySize: entries that the arrow keys reach.
  ///   - size: of the window, now.
  init?(onError: Bool, isDumb: Bool, usesColour: Bool, historySize: Int, size: @escaping () -> TerminalSize) {
    self.isDumb = isDumb
    self.usesColour = usesColour
    self.size = size
    output = onError ? 2 : 1
    screen = LineScreen(columns: size().columns)
    let host = CEditHost(
      context: Unmanaged.passUnretained(self).toOpaque(),
      press: { context, _, key, line, length, cursor in
        guard let context, let line else { return }
        let text = String(decoding: UnsafeRawBufferPointer(start: line, count: length), as: UTF8.self)
        Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue().press(key, text, min(cursor, length))
      },
      draw: { context, reason, line, length, cursor in
        guard let context, let line else { return }
        let text = String(decoding: UnsafeRawBufferPointer(start: line, count: length), as: UTF8.self)
        Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue().draw(reason, text, min(cursor, length))
      })
    handle = cedit_open(onError ? 1 : 0, isDumb ? 1 : 0, Int32(clamping: historySize), host)
    if handle == nil { return nil }
  }

  deinit { cedit_close(handle) }

  /// Reads one input, without its last line feed.
  func read(prompt: String, continuation: String) -> Outcome {
    (self.prompt, self.continuation) = (prompt, continuation)
    (list, listed) = (nil, nil)
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
  func remember(_ entry: String) {
    entries.append(entry)
    cedit_remember(handle, entry)
  }

  // MARK: Drawing

  private func frame(_ line: String, _ cursor: Int, below: [[ScreenCell]], columns: Int) -> LineFrame {
    let style = usesColour ? "1;36" : ""
    var first = ScreenCell.cells(prompt, style: style)
    if let searching {
      let word = searching.isFound ? "search" : "not found"
      first = ScreenCell.cells("\(word) `\(PlotText.safe(searching.pattern))`: ", style: style)
    }
    return LineFrame(
      prompt: first, continuation: ScreenCell.cells(continuation, style: usesColour ? "36" : ""), text: line,
      styles: usesColour ? language.styles(line, cursor) : [], cursor: cursor, below: below, columns: columns)
  }

  private func draw(_ reason: CEditDraw, _ line: String, _ cursor: Int) {
    let window = size()
    let isFinal = reason == CEditDrawFinal || reason == CEditDrawCancelled
    if let listed, listed != (line, cursor) || isFinal { (list, self.listed) = (nil, nil) }
    let below = list?.cells(usesColour: usesColour) ?? []
    let line = reason == CEditDrawCancelled ? line + "^C" : line
    let place = isFinal ? line.utf8.count : cursor
    let next = frame(line, place, below: below, columns: window.columns).clipped(rows: window.rows)
    let text: String
    switch reason {
    case CEditDrawResized:
      let old = frame(drawn.line, drawn.cursor, below: drawn.below, columns: window.columns)
      text = screen.show(next, afterResizing: old.clipped(rows: window.rows))
    case CEditDrawAnew:
      screen = LineScreen(columns: window.columns)
      text = screen.show(next)
    case CEditDrawFinal, CEditDrawCancelled: text = screen.finish(next)
    default: text = screen.show(next)
    }
    drawn = (line, place, below)
    StandardStreams.write(text, to: output)
  }

  // MARK: Keys

  private func press(_ key: CEditKey, _ line: String, _ cursor: Int) {
    lazy var text = EditedText(line, cursor: cursor)
    switch key {
    case CEditTab: complete(line, cursor, forward: true)
    case CEditBackTab: complete(line, cursor, forward: false)
    case CEditEnter:
      if language.isComplete(line) { cedit_accept(handle) } else { cedit_replace(handle, 0, 0, "\n") }
    case CEditLeft: cedit_move(handle, -Int32(text.left))
    case CEditRight: cedit_move(handle, Int32(text.right))
    case CEditBackspace: cedit_replace(handle, Int32(text.left), 0, "")
    case CEditDelete: cedit_replace(handle, 0, Int32(text.right), "")
    case CEditHome: cedit_move(handle, -Int32(text.toLineStart))
    case CEditEndKey: cedit_move(handle, Int32(text.toLineEnd))
    // Beyond the first and the last line libedit's own keys walk through the history.
    case CEditUp:
      if let distance = text.up { cedit_move(handle, -Int32(distance)) } else { cedit_repeat(handle, "\u{10}") }
    case CEditDown:
      if let distance = text.down { cedit_move(handle, Int32(distance)) } else { cedit_repeat(handle, "\u{E}") }
    case CEditSearch: search(line, cursor)
    case CEditClearScreen:
      let window = size()
      let next = frame(line, cursor, below: [], columns: window.columns).clipped(rows: window.rows)
      StandardStreams.write(screen.clear(next), to: output)
    default: break
    }
  }

  private func complete(_ line: String, _ cursor: Int, forward: Bool) {
    if !isDumb, var walked = list, let listed, listed == (line, cursor) {
      let choice = walked.step(forward: forward).text
      let (head, word) = (line.utf8.prefix(walked.wordStart), line.utf8.prefix(cursor).dropFirst(walked.wordStart))
      guard cedit_replace(handle, Int32(String(Substring(word)).unicodeScalars.count), 0, choice) != 0 else { return }
      list = walked
      self.listed = (
        String(Substring(head)) + choice + String(Substring(line.utf8.dropFirst(cursor))),
        walked.wordStart + choice.utf8.count
      )
      return
    }
    guard let offer = language.complete(line, cursor) else { return cedit_beep(handle) }
    let typed = (line: line, cursor: cursor)
    var (line, cursor) = typed
    if offer.deleted > 0 || !offer.inserted.isEmpty {
      guard cedit_replace(handle, Int32(offer.deleted), 0, offer.inserted) != 0 else { return }
      let tail = String(Substring(line.utf8.dropFirst(cursor)))
      line = String(Substring(line.utf8.prefix(offer.wordStart))) + offer.inserted
      cursor = line.utf8.count
      line += tail
    }
    guard !offer.choices.isEmpty else { return }
    let window = size()
    if isDumb {
      let shown = CompletionList(offer.choices, size: .init(columns: window.columns, rows: max(window.rows - 3, 4)))
      // The screen still shows the line as it was.
      let frame = frame(typed.line, typed.cursor, below: [], columns: window.columns)
      cedit_show(handle, Int32(frame.rows.count - 1 - frame.cursorRow), shown.lines.joined(separator: "\n"))
    } else {
      let used = frame(line, cursor, below: [], columns: window.columns).rows.count
      list = CompletionList(
        offer.choices, size: .init(columns: window.columns, rows: max(window.rows - used, 2)),
        wordStart: offer.wordStart)
      listed = (line, cursor)
    }
  }

  /// Ctrl-R; any key that is not part of the pattern takes what is found and then acts as always.
  private func search(_ line: String, _ cursor: Int) {
    var search = HistorySearch(entries: entries)
    var current = (text: line, cursor: cursor)
    defer { searching = nil }
    func put(_ text: String, cursor: Int) {
      let behind = EditedText.scalars(in: current.text, from: current.cursor)
      cedit_replace(handle, Int32(EditedText.scalars(in: current.text, from: 0) - behind), Int32(behind), text)
      cedit_move(handle, -Int32(EditedText.scalars(in: text, from: cursor)))
      current = (text, cursor)
    }
    while true {
      searching = search
      let key = cedit_next_key(handle)
      switch key {
      case 0: return
      case 0x12: search.older()
      case 0x07: return put(line, cursor: cursor)
      case 0x08, 0x7F: if !search.erase() { return put(line, cursor: cursor) }
      case 0x1B where cedit_has_key(handle, 50) == 0: return
      case 0..<0x20: return cedit_repeat(handle, String(UnicodeScalar(UInt8(key))))
      default: if let scalar = UnicodeScalar(key) { search.type(scalar) }
      }
      let found = search.match
      put(found?.entry ?? line, cursor: found?.offset ?? cursor)
    }
  }
}
