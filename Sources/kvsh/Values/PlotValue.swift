import Lang

/// A chart with the numbers behind it: the value of `plot`; type `plot`.
struct PlotValue: LangObject {
  let kind: String
  let chart: Chart
  /// The summary that stands under the chart on a page.
  let summary: Table
  /// What was plotted, one row a sample.
  let data: Table
  /// The line that made it.
  let command: String

  var typeName: String { "plot" }
  var display: String { TerminalPlot(width: 80).render(chart) }
  func isEqual(to other: any LangObject) -> Bool { (other as? PlotValue)?.chart == chart }
  var fieldNames: [String] { ["summary", "data"] }

  func field(_ name: String) -> Value? {
    switch name {
    case "summary": .table(summary)
    case "data": .table(data)
    default: nil
    }
  }
}
