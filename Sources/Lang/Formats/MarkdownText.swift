/// Tables of Markdown with pipes.
enum MarkdownText {
  static func write(_ table: Table) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    func escaped(_ text: String) -> String {
      text.replacingScalars(["\\": "\\\\", "|": "\\|", "\n": "<br>", "\r": ""])
    }
    var text = line(table.columnNames.map(escaped))
    text += line(
      table.columns.map { column in
        switch column.data {
        case .ints, .floats: "---:"
        case .strings, .bools, .values: "---"
        }
      })
    for row in 0..<table.rowCount {
      text += line(table.columns.map { TableText.cell($0.data[row]).map(escaped) ?? "" })
    }
    return text
  }

  static func read(_ text: String, _ check: () throws -> Void) throws -> Table {
    let lines = TextLines.of(text).enumerated().filter {
      !$0.element.allSatisfy(\.isWhitespace)
    }
    guard let header = lines.first else { return Table() }
    let names = cells(header.element)
    guard lines.count > 1,
      cells(lines[1].element).allSatisfy({ $0.allSatisfy { "-: ".contains($0) } && $0.contains("-") })
    else { throw Problem.unreadableText("Markdown", "no line of dashes below the header", line: header.offset + 2) }
    var columns = Array(repeating: [TableText.Cell](), count: names.count)
    for (offset, line) in lines.dropFirst(2) {
      if offset & 0xFFF == 0 { try check() }
      let row = cells(line)
      guard row.count == names.count else {
        throw Problem.unreadableText(
          "Markdown", "\(row.count) cells, but the header has \(names.count)", line: offset + 1)
      }
      for (index, cell) in row.enumerated() {
        columns[index].append(.init(text: cell.isEmpty ? nil : cell.replacing("<br>", with: "\n")))
      }
    }
    return Table(columns: try zip(names, columns).map { try TableText.typed($0, $1, check) })
  }

  private static func cells(_ line: Substring) -> [String] {
    var cells = [Substring.UnicodeScalarView()]
    var isEscaped = false
    for scalar in line.unicodeScalars.drop(while: \.properties.isWhitespace) {
      if isEscaped || (scalar != "|" && scalar != "\\") {
        cells[cells.count - 1].append(scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        cells.append(Substring.UnicodeScalarView())
      }
    }
    if cells.first?.isEmpty == true { cells.removeFirst() }
    if let last = cells.last, last.allSatisfy(\.properties.isWhitespace), cells.count > 1 { cells.removeLast() }
    return cells.map { scalars in
      var scalars = scalars.drop(while: \.properties.isWhitespace)
      while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
      return String(scalars)
    }
  }
}
