import Lang
import Runtime

/// `plot speedup`: rates over the uncompressed cache's, figure 1 (c, d) of the second paper, with intervals and noise.
struct SpeedupPlot: PlotKind {
  let entry = NameEntry(
    "speedup", summary: "speed over the uncompressed cache's by length, batch or threads, with the machine's noise",
    details: """
      Out of the table of `measure prefill`, `measure decode`, `measure latency` or `breakeven`. The band around 1 is how far \
      the uncompressed cache moves against itself: what lies within it is not distinguishable.
      """, parameters: SpeedChart.parameters)

  func draw(_ call: Call) throws -> PlotValue {
    let source = try SpeedChart(call, columns: ["speedup"], skips: { $0 == Compressor.none.label })
    var chart = Chart(
      title: "Speed over the uncompressed cache, \(source.stage)", x: source.xAxis, y: .init(label: "speed-up"))
    chart.panels = source.panels.map { panel in
      .init(
        title: panel.title,
        layers: noise(panel.rows, source) + [.init(series: nil, mark: .horizontalRule(y: 1, label: "uncompressed"))]
          + source.layers(
            panel.rows, y: { source.number($0, "speedup") },
            interval: { source.interval($0, "speedup_low", "speedup_high") }))
    }
    let verdict = source.table.column("verdict") == nil ? [] : ["verdict"]
    return source.plot(entry.name, chart, columns: ["speedup"] + verdict)
  }

  /// The band of noise over the places of a panel; none where no noise was measured.
  private func noise(_ rows: [SpeedChart.Row], _ source: SpeedChart) -> [Chart.Layer] {
    var floors: [Double: Double] = [:]
    for row in rows {
      guard case .share(let share) = source.table.cell(row.place, "noise"), share.isFinite, share >= 0 else { continue }
      let place = source.position(row)
      floors[place] = max(floors[place] ?? 0, share)
    }
    let spans = floors.sorted { $0.key < $1.key }.map {
      Chart.Span(x: $0.key, low: 1 / (1 + $0.value), high: 1 + $0.value)
    }
    return spans.isEmpty ? [] : [.init(series: nil, mark: .area(spans))]
  }
}
