import Lang
import Runtime

/// `plot heatmap`: a matrix as colours, its first row at the top.
struct HeatmapPlot: PlotKind {
  /// Cells along a side of the figure at most.
  private static let most = 256

  let entry = NameEntry(
    "heatmap", summary: "a matrix as colours, row 0 at the top",
    details: """
      A tensor of two axes; choose a head of three with `x[0]`. Sides longer than 256 are averaged in runs of equal length, \
      which a note tells. `low` and `high` fix the ends of the colours, so that figures can be compared.
      """,
    parameters: [
      Parameter("low", .value(.number), doc: "Value of the darkest colour. Default: the least."),
      Parameter("high", .value(.number), doc: "Value of the brightest colour. Default: the largest."),
      Parameter("title", .string, default: .string(""), doc: "A heading."),
      Parameter("x", .string, default: .string("column"), doc: "What the columns are."),
      Parameter("y", .string, default: .string("row"), doc: "What the rows are."),
    ], accepts: TensorChart.accepts)

  func draw(_ call: Call) throws -> PlotValue {
    let source = try TensorChart(call, dimensions: 1...2, "one or two axes")
    let columns = source.tensor.sizes.last ?? 1
    let rows = source.tensor.count / max(columns, 1)
    let numbers = source.tensor.numbers.map(Double.init)
    let small = TensorChart.shrunk(numbers, rows: rows, columns: columns, most: Self.most)
    let finite = small.values.filter(\.isFinite)
    let low = call.isGiven("low") ? try call.float("low") : finite.min() ?? 0
    let high = call.isGiven("high") ? try call.float("high") : finite.max() ?? 1
    let (x, y) = (-0.5...Double(columns) - 0.5, -0.5...Double(rows) - 0.5)
    var chart = Chart(
      title: try call.string("title"), x: .init(label: try call.string("x"), range: x),
      y: .init(label: try call.string("y"), range: y, isReversed: true))
    chart.panels = [
      .init(layers: [
        .init(
          series: nil,
          mark: .cells(
            .init(x: x, y: y, columns: small.columns, values: small.values, low: low, high: max(low, high))))
      ])
    ]
    chart.footnotes.append(
      "Cells from \(TensorDisplay.number(low)) (dark or empty) to \(TensorDisplay.number(high)) (bright or full).")
    if small.run != (1, 1) {
      chart.footnotes.append(
        "\(rows) x \(columns) numbers, each cell the mean of \(small.run.0) x \(small.run.1) of them.")
    }
    let data = Table(columns: [
      .init("row", .ints((0..<small.values.count).map { $0 / small.columns * small.run.0 })),
      .init("column", .ints((0..<small.values.count).map { $0 % small.columns * small.run.1 })),
      .init("value", .floats(small.values)),
    ])
    return source.plot(entry.name, chart, data: data, call)
  }
}
