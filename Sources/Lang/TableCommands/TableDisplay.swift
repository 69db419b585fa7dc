import Foundation

/// A table as aligned text. What does not fit is never dropped in silence: missing rows are counted in a last line,
/// columns that do not fit side by side follow below, and a cell wider than the terminal goes on in further lines.
public struct TableDisplay: Sendable {
  /// Rows shown; nil for all.
  public var rows: Int?
  /// Columns of the terminal; nil for no limit.
  public var width: Int?
  /// Breaks cells that are wider than the terminal; what is read by a program is better left in one line.
  public var wraps: Bool
  /// Short numbers for people: 3 significant decimals, 1.5 MiB.
  public var humanised: Bool
  /// What to type to see everything, named in the last line.
  public var wayToAll: String
  /// Asked now and then while a long table is laid out: what is laid out by then is shown, with a line that says so.
  public var shouldStop: @Sendable () -> Bool = { false }

  public init(
    rows: Int? = nil, width: Int? = nil, wraps: Bool = false, humanised: Bool = true,
    wayToAll: String = "`last` shows all"
  ) {
    self.rows = rows
    self.width = width
    self.wraps = wraps
    self.humanised = humanised
    self.wayToAll = wayToAll
  }

  public func render(_ table: Table) -> String {
    guard !table.columns.isEmpty else { return "(a table without columns, \(Self.count(table.rowCount, "row")))" }
    let wanted = min(max(rows ?? table.rowCount, 0), table.rowCount)
    var blocks = table.columns.map { block($0, wanted) }
    let shown = (blocks.map(\.cells.count).min() ?? 1) - 1
    if wraps, let width { wrap(&blocks, width) }
    var parts: [String] = []
    for group in fold(blocks.map(\.width)) {
      var lines: [String] = []
      for row in 0...shown {
        if row > 0, row % 1024 == 0, shouldStop() { break }
        lines += self.lines(group.map { blocks[$0] }, row)
      }
      parts.append(lines.joined(separator: "\n"))
    }
    var text = parts.joined(separator: "\n\n")
    if shown < wanted { return text + "\n… stopped after \(shown) of \(Self.count(table.rowCount, "row"))" }
    if shown < table.rowCount { text += "\n… \(shown) of \(Self.count(table.rowCount, "row")); \(wayToAll)" }
    return text
  }

  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private struct Block {
    /// The header and the cells, each in the lines it takes.
    var cells: [[(text: String, width: Int)]]
    var width: Int
    var isNumeric: Bool
  }

  /// One row of several columns side by side.
  private func lines(_ blocks: [Block], _ row: Int) -> [String] {
    let height = blocks.map { $0.cells[row].count }.max() ?? 1
    return (0..<height).map { line in
      let cells = blocks.map { block in
        let (text, width) = line < block.cells[row].count ? block.cells[row][line] : ("", 0)
        let gap = String(repeating: " ", count: max(0, block.width - width))
        return block.isNumeric ? gap + text : text + gap
      }
      var text = cells.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }
  }

  /// Breaks the cells of columns that would not fit even beside the first one alone.
  private func wrap(_ blocks: inout [Block], _ width: Int) {
    for index in blocks.indices {
      let limit = index == 0 ? (blocks.count == 1 ? width : max(width / 2, 8)) : max(width - 2 - blocks[0].width, 8)
      guard blocks[index].width > limit, !blocks[index].isNumeric else { continue }
      blocks[index].cells = blocks[index].cells.map { cell in
        cell.flatMap { DisplayWidth.wrapped($0.text, columns: limit).map { ($0, DisplayWidth.of($0)) } }
      }
      blocks[index].width = blocks[index].cells.flatMap { $0.map(\.width) }.max() ?? 0
    }
  }

  /// The header and the shown cells of a column.
  private func block(_ column: Table.Column, _ shown: Int) -> Block {
    let isNumeric =
      switch column.data {
      case .ints, .floats: true
      case .values(let cells):
        cells.prefix(shown).allSatisfy { [.int, .float, .share, .bytes, .nil].contains($0.type) } && shown > 0
      case .strings, .bools: false
      }
    var cells: [[(text: String, width: Int)]] = []
    for row in -1..<shown {
      // Never before the header.
      if row > 0, row % 1024 == 0, shouldStop() { break }
      let text = row < 0 ? column.name : cell(column.data[row])
      let line = DisplayWidth.printable(text.replacingScalars(["\n": "⏎"]))
      cells.append([(text: line, width: DisplayWidth.of(line))])
    }
    return Block(cells: cells, width: cells.map { $0[0].width }.max() ?? 0, isNumeric: isNumeric)
  }

  func cell(_ value: Value) -> String {
    switch value {
    case .nil: "-"
    case .float(let number) where humanised: Self.short(number)
    case .bytes(let bytes) where humanised: Self.shortSize(bytes)
    case .share(let share) where humanised: String(format: "%.3g%%", share * 100)
    default: value.text
    }
  }

  /// Three decimals, or three digits where that would show nothing.
  static func short(_ number: Double) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    let size = abs(number)
    if size >= 1e15 || (size != 0 && size < 1e-3) { return String(format: "%.3g", number) }
    return String(format: size >= 1_000 ? "%.1f" : "%.3f", number)
  }

  static func shortSize(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (amount, unit) = (Double(bytes), 0)
    while abs(amount) >= 1024, unit < units.count - 1 {
      amount /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : String(format: "%.1f %@", amount, units[unit])
  }

  /// Groups of columns that fit the width; each further group repeats the first column so that rows keep their name.
  private func fold(_ widths: [Int]) -> [[Int]] {
    guard let width, widths.count > 1 else { return [Array(widths.indices)] }
    var groups: [[Int]] = []
    var group: [Int] = []
    var used = 0
    for index in widths.indices {
      if !group.isEmpty, used + 2 + widths[index] > width, group.count > (groups.isEmpty ? 0 : 1) {
        groups.append(group)
        group = [0]
        used = widths[0]
      }
      used += widths[index] + (group.isEmpty ? 0 : 2)
      group.append(index)
    }
    return groups + [group]
  }
}
