import Foundation
import Lang

/// `save "x.html"`: writes what came through the pipe in the format of the path's ending.
struct SaveCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "save", summary: "Writes a table, a plot or a value to a file; its ending chooses the format.",
    details: """
      Tables: .csv .json .jsonl .md .txt. Plots: .html (a page), .svg, .vl.json (Vega-Lite), .txt, and the table formats for \
      the numbers behind them. A text: .txt, .kvs (a script), .md. Anything else: .json or .txt. A file that is there is replaced at once or not at all.

      Without anything from the pipe, and with the ending .kvs, the lines of this session that ran to their end are written \
      as a script: `save session.kvs` in the shell, `kvsh session.kvs` runs it again.

      A page is one file that fetches nothing. Its plots are drawn by Vega, whose script `scripts/setup` has fetched and the \
      page holds; without that script they are still pictures, and page and terminal say so. A plot as PNG or PDF: save it \
      as .vl.json, then `scripts/picture PLOT.vl.json PLOT.png`; kvsh itself starts no other program.

      A list of texts, tables and plots as .html is a report: one page that needs no network, in which `# ` and `## ` begin \
      headings, `- ` items, and values of other kinds stand as they print.

      Negatives (`negatives per=sample`) as .longbench.json: a data set of their records, for `run longbench file=PATH`.
      """,
    parameters: [Parameter("path", .path, doc: "The file.", positional: true, required: true)],
    accepts: [.any], produces: .nil,
    examples: [
      Example("[{a: 1}] | table | save \"a.csv\"", "One row."),
      Example("[\"# Numbers\", ([{a: 1}] | table)] | save \"a.html\"", "A report."),
    ], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let path = try call.path("path")
    let isSession = call.inputSpan == nil && path.lowercased().hasSuffix(".kvs")
    let text = try isSession ? script(call, context) : content(call.input, path, call)
    try call.placing(at: "path") { try TextFile.replace(path, with: text) }
    if Self.isPage(path), let still = stillOnly(call.input) { context.print(still) }
    context.print("saved \(path) (\(text.utf8.count) bytes)")
    return .nil
  }

  private static func isPage(_ path: String) -> Bool {
    let name = path.lowercased()
    return name.hasSuffix(".html") || name.hasSuffix(".htm")
  }

  /// What a page's reader will miss; nil if nothing.
  private func stillOnly(_ value: Value) -> String? {
    guard HTMLReport(blocks: blocks(value)).hasFigures, case .still(let reason) = workbench.vega.figures() else {
      return nil
    }
    return reason
  }

  /// The session as a script.
  private func script(_ call: Call, _ context: Context) throws -> String {
    guard !workbench.sessionLines.isEmpty else { throw ShellProblems.nothingToSave(at: call.span) }
    return SessionScript(lines: workbench.sessionLines).text
  }

  private func content(_ value: Value, _ path: String, _ call: Call) throws -> String {
    let name = path.lowercased()
    if case .object(let object) = value, let plot = object as? PlotValue {
      if Self.isPage(path) { return page(plot) }
      if name.hasSuffix(".svg") { return SVGPlot().render(plot.chart) }
      if name.hasSuffix(".vl.json") { return VegaLite().render(plot.chart) }
      if name.hasSuffix(".txt") { return TerminalPlot(width: 100).render(plot.chart) + "\n" }
      if let text = table(plot.data, name) { return text }
      throw unknown(path, ".html .svg .vl.json .csv .json .jsonl .md .txt", call, isPlot: true)
    }
    if case .table(let rows) = value {
      if name.hasSuffix(".longbench.json") { return try NegativeBenchmark.text(of: rows, workbench, call) }
      if let text = table(rows, name) { return text }
      if name.hasSuffix(".txt") { return TableDisplay().render(rows) + "\n" }
      if Self.isPage(path) { return report(value) }
      throw unknown(path, ".csv .json .jsonl .md .txt .html", call)
    }
    if case .string(let text) = value, name.hasSuffix(".kvs") || name.hasSuffix(".md") {
      return text.hasSuffix("\n") ? text : text + "\n"
    }
    if Self.isPage(path) { return report(value) }
    if name.hasSuffix(".json") { return ValueJSON.write(value) + "\n" }
    if name.hasSuffix(".txt") { return value.text + "\n" }
    throw unknown(path, ".html .json .txt", call)
  }

  private func report(_ value: Value) -> String {
    HTMLReport(blocks: blocks(value), figures: workbench.vega.figures()).render()
  }

  /// What a report shows of a value.
  private func blocks(_ value: Value) -> [HTMLReport.Block] {
    switch value {
    case .list(let values): values.flatMap(blocks)
    case .string(let text): [.text(text)]
    case .table(let rows): [.table(Self.cells(rows))]
    case .object(let object as PlotValue): [.figure(object.chart), .table(Self.cells(object.summary))]
    case .nil: []
    default:
      [
        .code(
          ValueRenderer(terminal: .none, width: 100, cancellation: workbench.cancellation).render(value, as: .table))
      ]
    }
  }

  /// The headings and the rows of a table as a page shows them.
  private static func cells(_ table: Table) -> [[String]] {
    [table.columnNames]
      + (0..<table.rowCount).map { row in table.columns.map { ValueText.short($0.data[row]) } }
  }

  private func table(_ table: Table, _ name: String) -> String? {
    TableText.Format(path: name).map { TableText.write(table, as: $0) }
  }

  private func page(_ plot: PlotValue) -> String {
    HTMLPage(
      chart: plot.chart, command: plot.command, table: Self.cells(plot.summary), figures: workbench.vega.figures()
    )
    .render()
  }

  private func unknown(_ path: String, _ endings: String, _ call: Call, isPlot: Bool = false) -> Problem {
    let picture = [".png", ".pdf", ".jpg", ".jpeg"].first { isPlot && path.lowercased().hasSuffix($0) }
    return Problem(
      "K505", seen: "\(path) has no ending that fits", expected: endings,
      suggestion: picture.map {
        "save it as .vl.json; then `scripts/picture PLOT.vl.json PLOT\($0)` makes the picture"
      }, labels: [.init(call.span(of: "path"))])
  }
}

extension TableText.Format {
  /// The format of a path's ending.
  init?(path: String) {
    let name = path.lowercased()
    let formats: [(String, TableText.Format)] = [
      (".csv", .csv), (".jsonl", .jsonLines), (".ndjson", .jsonLines), (".json", .json), (".md", .markdown),
    ]
    guard let format = formats.first(where: { name.hasSuffix($0.0) })?.1 else { return nil }
    self = format
  }
}

/// Numbers as a page shows them.
enum ValueText {
  static func short(_ value: Value) -> String {
    switch value {
    case .nil: "–"
    // Three digits, but no exponent where whole numbers say it better.
    case .float(let number) where (1000..<1e9).contains(number.magnitude): String(format: "%.0f", number)
    case .float(let number): String(format: "%.3g", number)
    case .share(let share): String(format: "%.1f %%", share * 100)
    default: value.text
    }
  }
}
