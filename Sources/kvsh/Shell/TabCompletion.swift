import Lang

/// Turns what could stand at the cursor into what the Tab key does: the common beginning is typed, choices are listed.
struct TabCompletion {
  /// Size of the window in character cells.
  var size: TerminalSize
  var promptWidth: Int

  /// - Parameters:
  ///   - candidates: completions of the same range, in UTF-8 bytes of `text`.
  ///   - text: the whole input up to the end of the line being typed.
  ///   - lineStart: where that line begins in the text.
  ///   - cursor: a place in the text.
  func answer(_ candidates: [Completion], text: String, lineStart: Int, cursor: Int) -> LineEditor.Answer? {
    guard let first = candidates.first else { return nil }
    let range = first.range
    guard range.lowerBound >= lineStart, range.lowerBound <= cursor, cursor <= text.utf8.count else { return nil }
    let choices = candidates.filter { $0.range == range }
    let bytes = Array(text.utf8)
    let word = String(decoding: bytes[range.lowerBound..<cursor], as: UTF8.self)
    var typed = Self.commonBeginning(choices.map(\.text))
    if choices.count == 1 {
      let next = cursor < bytes.count ? bytes[cursor] : 0x0A
      if Self.endsWord(first), next != 0x20 { typed += " " }
    }
    // Choices that differ from the word in their letters' form share less than what is typed: leave it.
    if !typed.hasPrefix(word) { typed = word }
    var answer = LineEditor.Answer()
    if typed != word {
      answer.deleted = word.unicodeScalars.count
      answer.inserted = typed
    }
    if choices.count > 1 {
      answer.list = list(choices)
      // The screen still shows the line as it was.
      let line = String(decoding: bytes[lineStart...], as: UTF8.self)
      let before = String(decoding: bytes[lineStart..<cursor], as: UTF8.self)
      answer.rowsBelow = max(lastRow(line) - lastRow(before), 0)
    }
    return answer == LineEditor.Answer() ? nil : answer
  }

  /// A blank follows what cannot be continued.
  private static func endsWord(_ completion: Completion) -> Bool {
    switch completion.kind {
    case .parameter, .function, .field: false
    case .command, .name, .value, .variable, .column, .keyword: !completion.text.hasSuffix("/")
    }
  }

  static func commonBeginning(_ texts: [String]) -> String {
    guard var common = texts.first else { return "" }
    for text in texts.dropFirst() { common = common.commonPrefix(with: text) }
    return common
  }

  /// The row (from 0) of the cursor after a text that begins behind the prompt.
  private func lastRow(_ text: String) -> Int {
    var (row, column) = (0, promptWidth)
    for character in text {
      if character == "\n" {
        (row, column) = (row + 1, 0)
        continue
      }
      let width = DisplayWidth.of(character)
      if column + width > size.columns { (row, column) = (row + 1, 0) }
      column += width
    }
    return column >= size.columns ? row + 1 : row
  }

  /// Names with their doc lines if they fit on the screen, else names side by side; what is left out is counted.
  func list(_ choices: [Completion]) -> String {
    let room = max(size.rows - 3, 4)
    let width = max(size.columns - 1, 10)
    let names = choices.map { Self.printable($0.text) }
    let longest = min(names.map { DisplayWidth.of($0) }.max() ?? 0, width)
    if choices.count <= room {
      return zip(names, choices).map { name, choice in
        let doc = Self.printable(choice.doc)
        return PlotText.cut(doc.isEmpty ? name : PlotText.pad(name, to: longest) + "  " + doc, to: width)
      }.joined(separator: "\n")
    }
    let across = max(width / (longest + 2), 1)
    let isCut = (names.count + across - 1) / across > room
    let shown = isCut ? Array(names.prefix((room - 1) * across)) : names
    let rows = (shown.count + across - 1) / across
    var lines = (0..<rows).map { row in
      let cells = stride(from: row, to: shown.count, by: rows).map {
        PlotText.pad(PlotText.cut(shown[$0], to: width), to: longest)
      }
      return cells.joined(separator: "  ")
    }
    if isCut { lines.append("… and \(names.count - shown.count) more; type a letter to narrow them down") }
    return lines.joined(separator: "\n")
  }

  /// One line without control characters: file names may hold any.
  private static func printable(_ text: String) -> String { PlotText.safe(text) }
}
