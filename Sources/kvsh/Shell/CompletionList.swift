import Lang

/// The choices under a line, through which further presses of the Tab key walk.
struct CompletionList {
  let choices: [Completion]
  /// Columns and rows that the list may take.
  let size: TerminalSize
  /// Where the word that the choices replace begins: UTF-8 offset in the line.
  let wordStart: Int
  /// The choice that stands in the line.
  private(set) var selected: Int?

  init(_ choices: [Completion], size: TerminalSize, wordStart: Int = 0) {
    self.choices = choices
    self.size = TerminalSize(columns: max(size.columns - 1, 10), rows: max(size.rows, 2))
    self.wordStart = wordStart
  }

  /// The next choice, or the one before; round and round.
  mutating func step(forward: Bool) -> Completion {
    let start = forward ? -1 : choices.count
    let next = (selected ?? start) + (forward ? 1 : -1)
    selected = (next + choices.count) % choices.count
    return choices[selected ?? 0]
  }

  /// A part of a row.
  private struct Piece {
    var text: String
    var isDoc = false
    var isSelected = false
  }

  /// Rows without colours.
  var lines: [String] { rows.map { $0.map(\.text).joined() } }

  func cells(usesColour: Bool) -> [[ScreenCell]] {
    rows.map { row in
      row.flatMap { piece in
        let style = !usesColour ? "" : piece.isSelected ? "7" : piece.isDoc ? "2" : ""
        return ScreenCell.cells(piece.text, style: style)
      }
    }
  }

  /// Names with their doc lines if they fit, else names side by side; what is left out is counted, and the doc line of the
  /// selected one stands below.
  private var rows: [[Piece]] {
    let names = choices.map { PlotText.safe($0.text) }
    let docs = choices.map { PlotText.safe($0.doc) }
    let longest = min(names.map { PlotText.width($0) }.max() ?? 0, size.columns)
    func name(_ index: Int) -> Piece {
      let text = PlotText.pad(PlotText.cut(names[index], to: size.columns), to: longest)
      return Piece(text: text, isSelected: index == selected)
    }
    func doc(_ index: Int, room: Int) -> Piece { Piece(text: PlotText.cut(docs[index], to: room), isDoc: true) }
    if choices.count <= size.rows {
      return choices.indices.map { index in
        let room = size.columns - longest - 2
        return room < 8 || docs[index].isEmpty
          ? [name(index)] : [name(index), Piece(text: "  "), doc(index, room: room)]
      }
    }
    let across = max((size.columns + 2) / (longest + 2), 1)
    let room = size.rows - 1
    let isCut = (names.count + across - 1) / across > room
    // The part of a long list that holds the selected one.
    let page = isCut ? room * across : names.count
    let first = (selected ?? 0) / page * page
    let shown = Array(names.indices[first..<min(first + page, names.count)])
    let height = (shown.count + across - 1) / across
    var rows = (0..<height).map { row -> [Piece] in
      stride(from: row, to: shown.count, by: height).flatMap { place -> [Piece] in
        (place == row ? [] : [Piece(text: "  ")]) + [name(shown[place])]
      }
    }
    if let selected, !docs[selected].isEmpty {
      rows.append([doc(selected, room: size.columns)])
    } else if isCut {
      let rest = names.count - shown.count
      rows.append([
        Piece(
          text: PlotText.cut("… and \(rest) more; type a letter to narrow them down", to: size.columns), isDoc: true)
      ])
    }
    return rows
  }
}
