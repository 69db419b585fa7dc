import Lang

/// A kind of plot: its name and parameters, and how a table becomes a chart.
protocol PlotKind: Sendable {
  var entry: NameEntry { get }
  func draw(_ call: Call) throws -> PlotValue
}

/// The kinds of plot: one line each.
enum PlotKinds {
  static let all: [any PlotKind] = [
    LengthDifferencePlot(),
    NegativesPlot(),
  ]
}
