import Lang

/// One character of a line on the screen.
struct ScreenCell: Equatable {
  var text: String
  /// Columns: 1 or 2.
  var width: Int
  /// Parameters of the escape sequence that colours it: `1;36`; empty for none.
  var style = ""

  /// Terminals agree on the width of ASCII and of East Asian letters, not on that of emoji and joined characters.
  var hasCertainWidth: Bool {
    let scalars = text.unicodeScalars
    guard let first = scalars.first, scalars.count == 1 else { return false }
    return !first.properties.isEmoji || first.isASCII
  }

  /// The characters of a text, one coloured style; control characters as `^X`.
  static func cells(_ text: some StringProtocol, style: String = "") -> [ScreenCell] {
    text.flatMap { character -> [ScreenCell] in
      if let scalar = character.unicodeScalars.first, scalar.value < 0x20 || scalar.value == 0x7F {
        let letter = Character(UnicodeScalar(UInt8(scalar.value ^ 0x40)))
        return [
          ScreenCell(text: "^", width: 1, style: style), ScreenCell(text: String(letter), width: 1, style: style),
        ]
      }
      let width = DisplayWidth.of(character)
      // A combining mark that stands alone is shown on a blank, so that the cursor can stand on it.
      return [
        ScreenCell(text: width == 0 ? " " + String(character) : String(character), width: max(width, 1), style: style)
      ]
    }
  }
}

/// A line that is being typed as rows of the screen, folded at its right edge, with what stands below it.
struct LineFrame: Equatable {
  struct Row: Equatable {
    var cells: [ScreenCell] = []
    /// Columns that the cells take.
    var width = 0
    /// The text goes on in the next row without a line break of its own.
    var wraps = false
  }

  var rows = [Row()]
  var cursorRow = 0
  var cursorColumn = 0
  /// Columns of the screen.
  let columns: Int

  init(columns: Int) { self.columns = max(columns, 2) }

  /// - Parameters:
  ///   - prompt: stands before the first line of the text.
  ///   - continuation: stands before its other lines.
  ///   - styles: colours of parts of the text, in order; UTF-8 offsets.
  ///   - cursor: UTF-8 offset in the text.
  ///   - below: rows under the text, each cut at the edge.
  init(
    prompt: [ScreenCell], continuation: [ScreenCell], text: String, styles: [(range: Range<Int>, style: String)] = [],
    cursor: Int, below: [[ScreenCell]] = [], columns: Int
  ) {
    self.init(columns: columns)
    for cell in prompt { append(cell) }
    var offset = 0
    var next = styles.makeIterator()
    var style = next.next()
    var isPlaced = false
    for character in text {
      let end = offset + String(character).utf8.count
      // A cursor inside a character that is made of several stands before it.
      if !isPlaced, cursor < end {
        placeCursor()
        isPlaced = true
      }
      while let current = style, current.range.upperBound <= offset { style = next.next() }
      if character.isNewline {
        rows.append(Row())
        for cell in continuation { append(cell) }
      } else {
        let isStyled = style.map { $0.range.contains(offset) } ?? false
        for cell in ScreenCell.cells(String(character), style: isStyled ? style?.style ?? "" : "") { append(cell) }
      }
      offset = end
    }
    if !isPlaced { placeCursor() }
    // A full row leaves the cursor nowhere to stand.
    if cursorRow == rows.count { rows.append(Row()) }
    for line in below {
      rows.append(Row())
      for cell in line {
        guard rows[rows.count - 1].width + cell.width < self.columns else { break }
        append(cell)
      }
    }
  }

  private mutating func append(_ cell: ScreenCell) {
    if rows[rows.count - 1].width + cell.width > columns {
      rows[rows.count - 1].wraps = true
      // A wide character that does not fit leaves the last column empty.
      if rows[rows.count - 1].width < columns {
        rows[rows.count - 1].cells.append(ScreenCell(text: " ", width: 1))
        rows[rows.count - 1].width += 1
      }
      rows.append(Row())
    }
    rows[rows.count - 1].cells.append(cell)
    rows[rows.count - 1].width += cell.width
  }

  private mutating func placeCursor() {
    (cursorRow, cursorColumn) = (rows.count - 1, rows[rows.count - 1].width)
    if cursorColumn >= columns {
      rows[rows.count - 1].wraps = true
      (cursorRow, cursorColumn) = (rows.count, 0)
    }
  }

  /// The part that fits a screen of so many rows, with the cursor in it.
  func clipped(rows height: Int) -> LineFrame {
    guard rows.count > height, height > 0 else { return self }
    let first = min(max(cursorRow - height + 1, 0), rows.count - height)
    var part = self
    part.rows = Array(rows[first..<first + height])
    part.cursorRow -= first
    return part
  }
}
