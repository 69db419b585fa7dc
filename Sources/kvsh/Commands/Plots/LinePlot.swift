import Lang
import Runtime

/// `plot line`: rows of a tensor as lines over the places of their numbers.
struct LinePlot: PlotKind {
  /// Points of a line at most, and lines.
  private static let mostPoints = 2_000
  private static let mostLines = 8

  let entry = NameEntry(
    "line", summary: "one row of numbers as a line, or up to eight rows as lines",
    details: "Longer rows are averaged in runs of equal length, which a note tells.",
    parameters: [
      Parameter("labels", .value(.list(of: .string)), doc: "Names of the lines."),
      Parameter("log", .bool, default: .bool(false), doc: "Logarithmic value axis."),
      Parameter("title", .string, default: .string(""), doc: "A heading."),
      Parameter("x", .string, default: .string("place"), doc: "What the places are."),
      Parameter("y", .string, default: .string("value"), doc: "What the values are."),
    ], accepts: TensorChart.accepts)

  func draw(_ call: Call) throws -> PlotValue {
    let source = try TensorChart(call, dimensions: 1...2, "one row, or up to \(Self.mostLines) rows")
    let width = source.tensor.sizes.last ?? 1
    let lines = source.tensor.count / max(width, 1)
    guard lines <= Self.mostLines else {
      throw Problem(
        "K705", seen: "a tensor of shape \(source.tensor.shape) came in", expected: "at most \(Self.mostLines) rows",
        suggestion: "choose some: `x[0:\(Self.mostLines)]`, or `plot heatmap`",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    let labels = call.values("labels").map(\.text)
    guard labels.isEmpty || labels.count == lines else {
      throw Problem(
        "K705", seen: "\(labels.count) labels for \(lines) lines", expected: "as many labels as lines",
        labels: [.init(call.span(of: "labels"))])
    }
    var chart = Chart(
      title: try call.string("title"), x: .init(label: try call.string("x")),
      y: .init(label: try call.string("y"), scale: try call.bool("log") ? .log : .linear))
    var rows: [(String, Int, Double)] = []
    let run = (width + Self.mostPoints - 1) / Self.mostPoints
    for line in 0..<lines {
      let label = labels.isEmpty ? "row \(line)" : labels[line]
      let points = stride(from: 0, to: width, by: run).map { first in
        let part = first..<min(width, first + run)
        let sum = part.reduce(0.0) { $0 + Double(source.tensor[line * width + $1]) }
        return Chart.Point(x: Double(first) + Double(part.count - 1) / 2, y: sum / Double(part.count))
      }
      if lines > 1 || !labels.isEmpty { chart.series.append(.init(label: label, color: line)) }
      if chart.series.isEmpty { chart.series.append(.init(label: "\(source.tensor.shape)", color: 0)) }
      chart.panels = chart.panels.isEmpty ? [.init(layers: [])] : chart.panels
      chart.panels[0].layers.append(.init(series: line, mark: .line(points)))
      rows += points.map { (label, Int($0.x), $0.y) }
    }
    if run > 1 { chart.footnotes.append("Each point is the mean of \(run) numbers.") }
    let data = Table(columns: [
      .init("line", .strings(rows.map(\.0))), .init("place", .ints(rows.map(\.1))),
      .init("value", .floats(rows.map(\.2))),
    ])
    return source.plot(entry.name, chart, data: data, call)
  }
}
