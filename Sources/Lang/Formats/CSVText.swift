/// Comma-separated values as RFC 4180 has them; a missing cell is empty and an empty string is `""`. A text that would be
/// read as a number stands in quotes, and what stands in quotes is text.
enum CSVText {
  static func write(_ table: Table) -> String {
    var text = table.columnNames.map { quoted($0) }.joined(separator: ",") + "\n"
    for row in 0..<table.rowCount {
      text += table.columns.map { cell($0.data[row]) }.joined(separator: ",") + "\n"
    }
    return text
  }

  private static func cell(_ value: Value) -> String {
    guard let text = TableText.cell(value) else { return "" }
    if case .string = value, TableText.looksTyped(text) { return "\"\(text)\"" }
    return quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    let isPlain = !text.isEmpty && !text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
    return isPlain ? text : "\"" + text.replacingScalars(["\"": "\"\""]) + "\""
  }

  static func read(_ text: String, _ check: () throws -> Void) throws -> Table {
    let rows = try records(Array(text.utf8), check)
    guard let header = rows.first else { return Table() }
    var columns = Array(repeating: [TableText.Cell](), count: header.cells.count)
    for (index, row) in rows.enumerated().dropFirst() {
      if index & 0xFFFF == 0 { try check() }
      guard row.cells.count == header.cells.count else {
        throw Problem.unreadableText(
          "CSV", "\(row.cells.count) cells, but the header has \(header.cells.count)", line: row.line)
      }
      for (column, cell) in row.cells.enumerated() { columns[column].append(cell) }
    }
    return Table(columns: try zip(header.cells, columns).map { try TableText.typed($0.text ?? "", $1, check) })
  }

  private static func records(
    _ bytes: [UInt8], _ check: () throws -> Void
  ) throws -> [(cells: [TableText.Cell], line: Int)] {
    var rows: [(cells: [TableText.Cell], line: Int)] = []
    var row: [TableText.Cell] = []
    var cell: [UInt8] = []
    var (isQuoted, wasQuoted, line, rowLine, index) = (false, false, 1, 1, 0)
    func endCell() {
      let text = cell.isEmpty && !wasQuoted ? nil : String(decoding: cell, as: UTF8.self)
      row.append(TableText.Cell(text: text, isQuoted: wasQuoted))
      (cell, wasQuoted) = ([], false)
    }
    func endRow() {
      // In a table of one column a line without text is a missing cell, else it means nothing.
      let isBlank = row.isEmpty && cell.isEmpty && !wasQuoted && rows.first?.cells.count != 1
      endCell()
      if !isBlank { rows.append((row, rowLine)) }
      row = []
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == 0x0A { line += 1 }
      if isQuoted {
        if byte != 0x22 {
          cell.append(byte)
        } else if index < bytes.count, bytes[index] == 0x22 {
          cell.append(byte)
          index += 1
        } else {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case 0x22 where cell.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
      case 0x22: throw Problem.unreadableText("CSV", "a quote inside a cell that does not begin with one", line: line)
      case 0x2C: endCell()
      case 0x0D where index < bytes.count && bytes[index] == 0x0A: continue
      case 0x0A:
        endRow()
        rowLine = line
        if line & 0xFFF == 0 { try check() }
      default: cell.append(byte)
      }
    }
    if isQuoted { throw Problem.unreadableText("CSV", "a quoted cell does not end", line: rowLine) }
    if !row.isEmpty || !cell.isEmpty || wasQuoted { endRow() }
    return rows
  }
}
