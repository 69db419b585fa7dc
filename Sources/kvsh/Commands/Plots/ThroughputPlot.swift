import Lang
import Runtime

/// `plot throughput`: tokens a second of configurations over lengths or batches, figure 1 (a, b, e to l) of the second paper.
struct ThroughputPlot: PlotKind {
  let entry = NameEntry(
    "throughput", summary: "tokens a second by length, batch or threads, a line for each configuration",
    details: """
      Out of the table of `measure prefill` or `measure decode`. Intervals are low and high; a panel for each value of \
      what else varies.
      """, parameters: SpeedChart.parameters)

  func draw(_ call: Call) throws -> PlotValue {
    let source = try SpeedChart(call, columns: ["tok_s"])
    var chart = Chart(
      title: "Throughput, \(source.stage)", x: source.xAxis, y: .init(label: "tokens a second, all sequences together"))
    chart.panels = source.panels.map { panel in
      .init(
        title: panel.title,
        layers: source.layers(
          panel.rows, y: { source.number($0, "tok_s") }, interval: { source.interval($0, "low", "high") }))
    }
    return source.plot(entry.name, chart, columns: ["tok_s"])
  }
}
