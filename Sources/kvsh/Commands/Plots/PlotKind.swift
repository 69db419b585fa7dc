import Lang

/// A kind of plot: its name and parameters, and how a table becomes a chart.
protocol PlotKind: Sendable {
  var entry: NameEntry { get }
  func draw(_ call: Call) throws -> PlotValue
}

extension PlotKind {
  /// The entry with what it draws: a table, unless it says otherwise.
  var accepting: NameEntry {
    var entry = entry
    entry.accepts = entry.accepts ?? [.table]
    return entry
  }
}

/// The kinds of plot: one line each.
enum PlotKinds {
  static let all: [any PlotKind] = [
    LengthDifferencePlot(),
    LatencyPlot(),
    NegativesPlot(),
    ThroughputPlot(),
    SpeedupPlot(),
    AttentionPlot(),
    RoutePlot(),
    HeatmapPlot(),
    LinePlot(),
    HistogramPlot(),
    CachePlot(),
  ]
}
