/// A grid of character cells on which one panel is drawn: fills in eighths of a cell, braille dots (2x4), marks, rules.
struct TerminalCanvas {
  let columns: Int
  let rows: Int
  private let ink: TerminalInk
  /// Palette place and hatching of each series of the chart.
  private let series: [Chart.Series]
  /// Filled eighths of each column, counted from the bottom, per series. // [series][columns]
  private var fills: [[Range<Int>]]
  private var cells: [Cell]

  private struct Cell {
    /// Braille dots, bit order of Unicode block 2800.
    var dots: UInt8 = 0
    /// The series the dots belong to.
    var dotSeries: Int?
    var mark: Character?
    var markSeries: Int?
    var rule: Character?
    /// 0...1.
    var shade: Double?
  }

  init(columns: Int, rows: Int, series: [Chart.Series], ink: TerminalInk) {
    self.columns = max(columns, 1)
    self.rows = max(rows, 1)
    self.series = series
    self.ink = ink
    fills = Array(repeating: Array(repeating: 0..<0, count: self.columns), count: series.count)
    cells = Array(repeating: Cell(), count: self.columns * self.rows)
  }

  /// Fills part of a column; fractions of the height, 0 at the bottom.
  mutating func fill(_ series: Int, column: Int, from low: Double, to high: Double) {
    guard fills.indices.contains(series), column >= 0, column < columns, low <= high else { return }
    let height = Double(rows * 8)
    let bottom = Int((min(max(low, 0), 1) * height).rounded())
    // What is not zero is seen.
    let top = max(
      Int((min(max(high, 0), 1) * height).rounded()), high > low && low < 1 && high > 0 ? bottom + 1 : bottom)
    let old = fills[series][column]
    let new = bottom..<min(top, rows * 8)
    if new.isEmpty { return }
    fills[series][column] =
      old.isEmpty ? new : min(old.lowerBound, new.lowerBound)..<max(old.upperBound, new.upperBound)
  }

  /// A line between two points given as fractions of the panel (0...1 from the lower left corner), cut at the frame.
  mutating func line(_ series: Int?, from start: (x: Double, y: Double), to end: (x: Double, y: Double)) {
    guard let (start, end) = PlotClip.segment(start, end) else { return }
    let width = Double(columns * 2 - 1)
    let height = Double(rows * 4 - 1)
    let steps = Int(max(abs(end.x - start.x) * width, abs(end.y - start.y) * height).rounded(.up))
    for step in 0...max(steps, 1) {
      let share = Double(step) / Double(max(steps, 1))
      let x = start.x + (end.x - start.x) * share
      let y = start.y + (end.y - start.y) * share
      dot(series, column: Int((x * width).rounded()), row: Int((y * height).rounded()))
    }
  }

  private mutating func dot(_ series: Int?, column: Int, row: Int) {
    guard column >= 0, column < columns * 2, row >= 0, row < rows * 4 else { return }
    let index = cellIndex(column: column / 2, row: row / 4)
    // Bits of a braille cell: rows from the top, left column 0 1 2 6, right column 3 4 5 7.
    let bits: [[UInt8]] = [[6, 2, 1, 0], [7, 5, 4, 3]]
    if cells[index].dotSeries != series { cells[index].dots = 0 }
    cells[index].dots |= 1 << bits[column % 2][row % 4]
    cells[index].dotSeries = series
    if !ink.style.unicode {
      cells[index].mark = ink.mark(series ?? 0)
      cells[index].markSeries = series
    }
  }

  /// A series' mark at a point given as fractions; nothing if it lies outside.
  mutating func mark(_ series: Int?, x: Double, y: Double) {
    guard x >= 0, x <= 1, y >= 0, y <= 1 else { return }
    put(ink.mark(series ?? 0), series, column: column(x), row: row(y))
  }

  /// A vertical interval; fractions.
  mutating func interval(_ series: Int?, x: Double, from low: Double, to high: Double) {
    guard x >= 0, x <= 1, high >= 0, low <= 1 else { return }
    for row in row(max(low, 0))...max(row(max(low, 0)), row(min(high, 1))) {
      put(ink.style.unicode ? "│" : "|", series, column: column(x), row: row)
    }
  }

  /// A share of a cell's colour or character, 0...1.
  mutating func shade(_ share: Double, column: Int, row: Int) {
    guard column >= 0, column < columns, row >= 0, row < rows else { return }
    cells[cellIndex(column: column, row: row)].shade = share
  }

  mutating func verticalRule(x: Double) {
    guard x >= 0, x <= 1 else { return }
    for row in 0..<rows { cells[cellIndex(column: column(x), row: row)].rule = ink.style.unicode ? "┊" : "|" }
  }

  mutating func horizontalRule(y: Double) {
    guard y >= 0, y <= 1 else { return }
    for column in 0..<columns { cells[cellIndex(column: column, row: row(y))].rule = ink.style.unicode ? "┈" : "-" }
  }

  /// Puts a mark every ten columns on a line's own dots, so that lines can be told apart without colours.
  mutating func labelLine(_ series: Int) {
    guard ink.style.unicode else { return }
    let own = cells.indices.filter { cells[$0].dotSeries == series && cells[$0].mark == nil && cells[$0].dots != 0 }
    let spaced = own.filter { ($0 % columns) % 10 == (4 + series * 3) % 10 }
    var marked: Set<Int> = []
    for index in spaced.isEmpty ? own.dropFirst(own.count / 2).prefix(1) : spaced[...] {
      // One mark a column is enough where a line is steep.
      if !marked.insert(index % columns).inserted { continue }
      cells[index].mark = ink.mark(series)
      cells[index].markSeries = series
    }
  }

  func column(_ fraction: Double) -> Int { min(max(Int(fraction * Double(columns)), 0), columns - 1) }
  func row(_ fraction: Double) -> Int { min(max(Int((fraction * Double(rows * 4 - 1)).rounded()) / 4, 0), rows - 1) }

  private mutating func put(_ mark: Character, _ series: Int?, column: Int, row: Int) {
    let index = cellIndex(column: column, row: row)
    cells[index].mark = mark
    cells[index].markSeries = series
  }

  private func cellIndex(column: Int, row: Int) -> Int { row * columns + column }

  /// The panel's lines from the top, each exactly `columns` wide.
  func lines() -> [String] {
    (0..<rows).reversed().map { row in
      var line = ""
      var last = ""
      for column in 0..<columns {
        let (character, escape) = appearance(column: column, row: row)
        if escape != last {
          if !last.isEmpty { line += TerminalInk.reset }
          line += escape
          last = escape
        }
        line.append(character)
      }
      return last.isEmpty ? line : line + TerminalInk.reset
    }
  }

  private func appearance(column: Int, row: Int) -> (Character, String) {
    let cell = cells[cellIndex(column: column, row: row)]
    let eighths = fills.map { max(0, $0[column].clamped(to: row * 8..<(row + 1) * 8).count) }
    let colored = ink.style.colors != .none
    let filled = eighths.indices.filter { eighths[$0] >= 4 }
    let background =
      colored ? PlotPalette.Color.blend(filled.filter { !series[$0].hatched }.map { ink.bar(series[$0].color) }) : nil
    let foreground = { (index: Int?) -> PlotPalette.Color? in index.map { ink.line(series[$0].color) } }
    if let mark = cell.mark {
      return (mark, ink.escape(foreground: foreground(cell.markSeries), background: background))
    }
    if cell.dots != 0, let scalar = Unicode.Scalar(0x2800 + UInt32(cell.dots)) {
      return (Character(scalar), ink.escape(foreground: foreground(cell.dotSeries), background: background))
    }
    if let shade = cell.shade {
      if colored { return (" ", ink.escape(foreground: nil, background: HeatRamp.color(shade))) }
      return (HeatRamp.character(shade, unicode: ink.style.unicode), "")
    }
    if let rule = cell.rule { return (rule, ink.escape(foreground: nil, background: background)) }
    return colored ? coloredFill(eighths) : plainFill(eighths, filled)
  }

  private func plainFill(_ eighths: [Int], _ filled: [Int]) -> (Character, String) {
    if filled.count > 1 { return (ink.overlap, "") }
    // A short bar still shows in its lowest row.
    let shown =
      filled.first ?? eighths.indices.first { eighths[$0] > 0 && fills[$0].allSatisfy { $0.count < 4 || $0.isEmpty } }
    return (shown.map { ink.fill($0, hatched: series[$0].hatched) } ?? " ", "")
  }

  private func coloredFill(_ eighths: [Int]) -> (Character, String) {
    let whole = eighths.indices.filter { eighths[$0] == 8 }
    let solid = whole.filter { !series[$0].hatched }
    let background = PlotPalette.Color.blend(solid.map { ink.bar(series[$0].color) })
    if let hatched = eighths.indices.first(where: { series[$0].hatched && eighths[$0] >= 4 }) {
      return (
        ink.style.unicode ? "╱" : "/", ink.escape(foreground: ink.line(series[hatched].color), background: background)
      )
    }
    let parts = eighths.indices.filter { eighths[$0] > 0 && eighths[$0] < 8 && !series[$0].hatched }
    if let tallest = parts.max(by: { eighths[$0] < eighths[$1] }), ink.style.unicode,
      let scalar = Unicode.Scalar(0x2580 + UInt32(eighths[tallest]))
    {
      let color = PlotPalette.Color.blend((solid + [tallest]).map { ink.bar(series[$0].color) })
      return (Character(scalar), ink.escape(foreground: color, background: background))
    }
    return (" ", ink.escape(foreground: nil, background: background))
  }
}
