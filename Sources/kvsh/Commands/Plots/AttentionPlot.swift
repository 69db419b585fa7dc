import Lang
import Runtime

/// `plot attention`: time of attention in one forward over lengths, figure 3 of the second paper.
struct AttentionPlot: PlotKind {
  let entry = NameEntry(
    "attention", summary: "time of attention in one forward by length, batch or threads",
    details: """
      Out of the table of `measure prefill` (figure 3 a) or `measure decode` (figure 3 b). part=all adds what a method does \
      besides: ranking tokens, choosing among them, packing them; part=attention leaves it out. Projections are in neither.
      """,
    parameters: SpeedChart.parameters + [
      Parameter(
        "part", .choice(["all", "attention"]), default: .string("all"), doc: "With what compression adds, or without.")
    ])

  func draw(_ call: Call) throws -> PlotValue {
    let isAll = try call.name("part") == "all"
    let source = try SpeedChart(call, columns: ["attention_ms"] + (isAll ? ["compression_ms"] : []))
    var chart = Chart(
      title: "Time of attention, \(source.stage)", x: source.xAxis, y: .init(label: "ms of one forward of the batch"))
    chart.panels = source.panels.map { panel in
      .init(
        title: panel.title,
        layers: source.layers(panel.rows) { row in
          source.number(row, "attention_ms").map { $0 + (isAll ? source.number(row, "compression_ms") ?? 0 : 0) }
        })
    }
    chart.footnotes = [
      isAll
        ? "Attention with what compression adds to it: ranking, choosing and packing tokens."
        : "Attention alone: keys and values appended, scores, softmax and weighted sums."
    ]
    return source.plot(entry.name, chart, columns: ["attention_ms"] + (isAll ? ["compression_ms"] : []))
  }
}
