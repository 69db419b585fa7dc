import Lang
import Runtime

/// What the plots of speeds share: the rows of `measure` by configuration, and what stands on the x axis.
struct SpeedChart {
  /// One row of the table.
  struct Row {
    let place: Int
    let config: String
    /// By variable; a variable that the table lacks is missing.
    let variables: [String: Int]
  }

  /// Variables that a sweep may have, with the words a figure has for them.
  private static let variables = [
    (columns: ["depth", "tokens", "prompt"], name: "length"), (columns: ["batch"], name: "batch"),
    (columns: ["threads"], name: "threads"),
  ]

  static let parameters = [
    Parameter(
      "x", .choice(variables.map(\.name)),
      doc: "What stands on the x axis. Default: the first of length, batch and threads that varies.")
  ]

  let table: Table
  let rows: [Row]
  let configs: [String]
  /// What the lengths are: `depth`, `tokens` or `prompt`.
  let lengthColumn: String?
  private let x: String
  private let call: Call

  /// - Parameters:
  ///   - columns: numbers that the figure draws.
  ///   - skips: configurations that the figure leaves out.
  /// - Throws: `Problem` K671 if a column is missing or no row is left.
  init(_ call: Call, columns: [String], skips: (String) -> Bool = { _ in false }) throws {
    let table = try call.table()
    func fail(_ seen: String) -> Problem {
      Problem(
        "K671", seen: seen, expected: "a table of `measure prefill`, `measure decode` or `breakeven`",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    guard let labels = table.column("config") else { throw fail("the table has no column `config`") }
    for name in columns where table.column(name) == nil { throw fail("the table has no column `\(name)`") }
    var sources: [(name: String, cells: ColumnData)] = []
    for variable in Self.variables {
      guard let column = variable.columns.first(where: { table.column($0) != nil }), let cells = table.column(column)
      else { continue }
      sources.append((variable.name, cells))
    }
    lengthColumn = Self.variables[0].columns.first { table.column($0) != nil }
    rows = (0..<table.rowCount).compactMap { place in
      let config = labels[place].text
      guard !skips(config), columns.contains(where: { table.cell(place, $0).asDouble != nil }) else { return nil }
      let known = sources.compactMap { source in source.cells[place].asInt.map { (source.name, $0) } }
      return Row(place: place, config: config, variables: Dictionary(known, uniquingKeysWith: { $1 }))
    }
    guard !rows.isEmpty else { throw fail("no row has a number to draw") }
    var configs: [String] = []
    for row in rows where !configs.contains(row.config) { configs.append(row.config) }
    self.configs = configs
    self.table = table
    self.call = call
    let rows = rows
    let varying = sources.map(\.name).filter { name in Set(rows.map { $0.variables[name] }).count > 1 }
    x = try call.optional("x").map { _ in try call.name("x") } ?? varying.first ?? sources.first?.name ?? "length"
    let axis = x
    positions = Set(rows.compactMap { $0.variables[axis] }).sorted()
    places = Dictionary(positions.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { $1 })
    guard rows.allSatisfy({ $0.variables[axis] != nil }) else {
      throw fail("the table does not say the \(x) of its rows")
    }
  }

  func number(_ row: Row, _ column: String) -> Double? { table.cell(row.place, column).asDouble }

  /// Values of the x axis, ascending.
  private let positions: [Int]
  private let places: [Int: Int]

  /// Where a row stands on the x axis: its value's place among all.
  func position(_ row: Row) -> Double { Double(row.variables[x].flatMap { places[$0] } ?? 0) }

  var xAxis: Chart.Axis {
    let words = ["depth": "tokens in the cache", "tokens": "tokens", "prompt": "tokens of the prompt"]
    let label = x == "length" ? lengthColumn.flatMap { words[$0] } ?? x : x
    return Chart.Axis(label: label, categories: positions.map(PlotNumber.count))
  }

  /// Rows of one panel: those that differ in nothing but the configuration and what stands on the x axis.
  var panels: [(title: String, rows: [Row])] {
    let others = Self.variables.map(\.name).filter { name in
      name != x && Set(rows.map { $0.variables[name] }).count > 1
    }
    var panels: [(title: String, rows: [Row])] = []
    for row in rows {
      let title = others.compactMap { name in row.variables[name].map { "\(name) \(PlotNumber.count($0))" } }
        .joined(separator: ", ")
      if let place = panels.firstIndex(where: { $0.title == title }) {
        panels[place].rows.append(row)
      } else {
        panels.append((title, [row]))
      }
    }
    return panels
  }

  /// A line with points for each configuration of a panel, with the intervals that are known.
  func layers(
    _ rows: [Row], y: (Row) -> Double?, interval: (Row) -> (low: Double, high: Double)? = { _ in nil }
  ) -> [Chart.Layer] {
    configs.enumerated().flatMap { place, config -> [Chart.Layer] in
      let own = rows.filter { $0.config == config }.sorted { position($0) < position($1) }
      let points = own.compactMap { row in y(row).map { Chart.Point(x: position(row), y: $0) } }
      guard !points.isEmpty else { return [] }
      let spans = own.compactMap { row in
        interval(row).map { Chart.Span(x: position(row), low: $0.low, high: $0.high) }
      }
      return (spans.isEmpty ? [] : [.init(series: place, mark: .intervals(spans))])
        + [.init(series: place, mark: .line(points)), .init(series: place, mark: .points(points))]
    }
  }

  func interval(_ row: Row, _ low: String, _ high: String) -> (low: Double, high: Double)? {
    guard let low = number(row, low), let high = number(row, high) else { return nil }
    return (low, high)
  }

  /// What was measured, for titles: `decode` where depths are told, `prefill` where tokens are.
  var stage: String {
    if let stage = rows.first.map({ table.cell($0.place, "stage") }), case .string(let word) = stage { return word }
    return lengthColumn == "depth" ? "decode" : lengthColumn == "tokens" ? "prefill" : "requests"
  }

  /// What is the same in all rows and must be known.
  var footnotes: [String] {
    var notes: [String] = []
    let threads = Set(rows.compactMap { $0.variables["threads"] })
    if threads.count == 1, let count = threads.first { notes.append("\(count) \(count == 1 ? "thread" : "threads").") }
    let batches = Set(rows.compactMap { $0.variables["batch"] })
    if x != "batch", batches.count == 1, let batch = batches.first { notes.append("Batch \(batch).") }
    let floors = rows.compactMap { row -> Double? in
      if case .share(let share) = table.cell(row.place, "noise") { share } else { number(row, "noise") }
    }
    if let most = floors.max() {
      notes.append(
        "The machine's own noise, the uncompressed cache against itself: up to \(PlotNumber.short(most * 100, significant: 2)) %."
      )
    }
    return notes
  }

  func plot(_ kind: String, _ chart: Chart, columns: [String]) -> PlotValue {
    var chart = chart
    chart.series = configs.enumerated().map { .init(label: $1, color: $0) }
    chart.footnotes += footnotes
    let names =
      ["config"] + [lengthColumn, "batch", "threads"].compactMap { $0 }.filter { table.column($0) != nil } + columns
    let data = Table(
      columns: names.map { name in
        .init(name, ColumnData(rows.map { table.cell($0.place, name) }))
      })
    return PlotValue(kind: kind, chart: chart, summary: data, data: data, command: call.span.source.text)
  }
}
