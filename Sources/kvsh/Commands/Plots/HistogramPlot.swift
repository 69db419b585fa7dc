import Lang
import Runtime

/// `plot hist`: how the numbers of a tensor are distributed.
struct HistogramPlot: PlotKind {
  let entry = NameEntry(
    "hist", summary: "how the numbers of a tensor are distributed",
    details:
      "Bars of equal width from the least to the largest number; numbers that are not finite are counted in a note.",
    parameters: [
      Parameter("bins", .int, default: .int(40), range: 1...1_000, doc: "Bars."),
      Parameter("log", .bool, default: .bool(false), doc: "Logarithmic axis of counts."),
      Parameter("title", .string, default: .string(""), doc: "A heading."),
      Parameter("x", .string, default: .string("value"), doc: "What the numbers are."),
    ], accepts: TensorChart.accepts)

  func draw(_ call: Call) throws -> PlotValue {
    let source = try TensorChart(call, dimensions: 1...TensorShape.mostDimensions, "numbers")
    let bins = try call.int("bins")
    let (low, high, strange) = source.tensor.withNumbers { numbers in
      var (low, high, strange) = (Float.infinity, -Float.infinity, 0)
      for number in numbers {
        if number.isFinite { (low, high) = (min(low, number), max(high, number)) } else { strange += 1 }
      }
      return (Double(low), Double(high), strange)
    }
    var counts = [Int](repeating: 0, count: bins)
    // One value alone has no width; it gets a bar of its own.
    let (first, width) = high > low ? (low, (high - low) / Double(bins)) : (low - 0.5, 1 / Double(bins))
    if low.isFinite {
      source.tensor.withNumbers { numbers in
        for number in numbers where number.isFinite {
          counts[min(bins - 1, max(0, Int((Double(number) - first) / width)))] += 1
        }
      }
    }
    let isLog = try call.bool("log")
    var chart = Chart(
      title: try call.string("title"), x: .init(label: try call.string("x")),
      y: .init(label: isLog ? "numbers (log)" : "numbers", scale: isLog ? .log : .linear))
    chart.series = [.init(label: "\(source.tensor.shape), \(PlotNumber.count(source.tensor.count)) numbers", color: 0)]
    let edges = (0...bins).map { first + width * Double($0) }
    chart.panels = [
      .init(layers: [
        .init(
          series: 0,
          mark: .bars(counts.indices.map { .init(low: edges[$0], high: edges[$0 + 1], height: Double(counts[$0])) }))
      ])
    ]
    if strange > 0 { chart.footnotes.append("Not counted: \(PlotNumber.count(strange)) that are not finite.") }
    let data = Table(columns: [
      .init("low", .floats(edges.dropLast().map { $0 })), .init("high", .floats(edges.dropFirst().map { $0 })),
      .init("count", .ints(counts)),
    ])
    return source.plot(entry.name, chart, data: data, call)
  }
}
