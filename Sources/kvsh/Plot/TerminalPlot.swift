/// Draws a chart with characters: bars as filled cells, lines in braille dots, legend and notes below.
struct TerminalPlot: Sendable {
  /// No line is wider, in terminal columns.
  var width: Int
  /// Lines of one panel, its axis and labels included.
  var height: Int
  var style: PlotStyle

  init(width: Int = 80, height: Int = 20, style: PlotStyle = .plain) {
    self.width = max(width, 20)
    self.height = max(height, 6)
    self.style = style
  }

  /// The chart as text, lines separated by a line feed, none at the end.
  func render(_ chart: Chart) -> String { lines(chart).joined(separator: "\n") }

  func lines(_ chart: Chart) -> [String] {
    let chart = chart.drawable()
    var lines = PlotText.wrap(text(chart.title), to: width)
    for line in chart.subtitle { lines += PlotText.wrap(text(line), to: width) }
    let frame = ChartFrame(chart)
    let ink = TerminalInk(style: style, chart: chart)
    let across = panelsAcross(chart.panels.count)
    let panelWidth = (width - (across - 1) * 2) / across
    if chart.panels.isEmpty { lines.append(text("(nothing to draw)")) }
    for start in stride(from: 0, to: chart.panels.count, by: across) {
      let drawn = chart.panels[start..<min(start + across, chart.panels.count)].map {
        panel($0, of: chart, frame: frame, ink: ink, width: panelWidth)
      }
      for row in 0..<(drawn.map(\.count).max() ?? 0) {
        lines.append(drawn.map { $0.indices.contains(row) ? $0[row] : "" }.joined(separator: "  "))
      }
    }
    lines += TerminalLegend(chart: chart, width: width, ink: ink).lines()
    for note in chart.footnotes { lines += PlotText.wrap(text(note), to: width, indent: 2) }
    return lines.map(Self.withoutTrailingBlanks)
  }

  /// As many panels side by side as leave each 36 columns, without a nearly empty last row.
  private func panelsAcross(_ count: Int) -> Int {
    let fitting = max(1, min(count, (width + 2) / 38))
    let rows = (max(count, 1) + fitting - 1) / fitting
    return (max(count, 1) + rows - 1) / rows
  }

  private func text(_ text: String) -> String { style.unicode ? PlotText.safe(text) : PlotText.ascii(text) }

  private func panel(_ panel: Chart.Panel, of chart: Chart, frame: ChartFrame, ink: TerminalInk, width: Int)
    -> [String]
  {
    let rows = max(height - 3 - (panel.title.isEmpty ? 0 : 1), 3)
    let yTicks = frame.y.ticks(about: max(rows / 2, 3)).filter { !$0.label.isEmpty }
      .map { ChartTick(value: $0.value, label: PlotText.cut(text($0.label), to: max(width / 4, 3), ellipsis: ".")) }
    let gutter = (yTicks.map { PlotText.width($0.label) }.max() ?? 0) + 1
    let columns = max(width - gutter - 1, 4)
    var canvas = TerminalCanvas(columns: columns, rows: rows, series: chart.series, ink: ink)
    draw(panel, frame: frame, on: &canvas)

    var lines: [String] = []
    if !panel.title.isEmpty { lines.append(fitted(panel.title, width)) }
    lines.append(fitted(chart.y.label, width))
    var labels: [Int: String] = [:]
    for tick in yTicks {
      let fraction = frame.y.fraction(tick.value)
      if fraction >= 0, fraction <= 1 { labels[canvas.row(fraction)] = tick.label }
    }
    for (index, line) in canvas.lines().enumerated() {
      let label = labels[rows - 1 - index]
      let edge = style.unicode ? (label == nil ? "│" : "┤") : (label == nil ? "|" : "+")
      lines.append(PlotText.pad(label ?? "", to: gutter - 1, right: true) + " " + edge + line)
    }
    lines += xAxis(frame: frame, canvas: canvas, gutter: gutter, width: width)
    let label = cutLabel(chart.x.label, columns)
    let indent = gutter + 1 + (columns - PlotText.width(label)) / 2
    lines.append(PlotText.pad(String(repeating: " ", count: indent) + label, to: width))
    return lines
  }

  private func fitted(_ label: String, _ width: Int) -> String { PlotText.pad(cutLabel(label, width), to: width) }

  private func cutLabel(_ label: String, _ width: Int) -> String {
    PlotText.cut(text(label), to: width, ellipsis: style.unicode ? "…" : "..")
  }

  /// The axis line with its ticks and, below, those labels that do not touch.
  private func xAxis(frame: ChartFrame, canvas: TerminalCanvas, gutter: Int, width: Int) -> [String] {
    let ticks = frame.x.ticks(about: max(canvas.columns / 12, 2)).filter { !$0.label.isEmpty }
    var axis = Array(repeating: style.unicode ? "─" : "-", count: canvas.columns)
    var labels = ""
    for tick in ticks {
      let fraction = frame.x.fraction(tick.value)
      guard fraction >= 0, fraction <= 1 else { continue }
      let column = canvas.column(fraction)
      axis[column] = style.unicode ? "┬" : "+"
      let room = frame.x.axis.categories.map { max(canvas.columns / max($0.count, 1) - 1, 3) } ?? canvas.columns
      let label = cutLabel(tick.label, room)
      // The true minus stands left of the digits it belongs to: centre the digits under the tick.
      let size = PlotText.width(label)
      let sign = label.hasPrefix("−") || label.hasPrefix("-") ? 1 : 0
      let start = min(max(gutter + 1 + column - (size - sign) / 2 - sign, 0), width - size)
      let used = PlotText.width(labels)
      if start < used + (used == 0 ? 0 : 1) { continue }
      labels += String(repeating: " ", count: start - used) + label
    }
    let corner = style.unicode ? "└" : "+"
    let line = String(repeating: " ", count: gutter) + corner + axis.joined()
    return [line, PlotText.pad(labels, to: width)]
  }

  private func draw(_ panel: Chart.Panel, frame: ChartFrame, on canvas: inout TerminalCanvas) {
    for layer in panel.layers {
      switch layer.mark {
      case .bars(let bars):
        for bar in bars { fill(bar, series: layer.series, frame: frame, on: &canvas) }
      case .line(let points): path(points, layer.series, frame: frame, on: &canvas)
      case .step(let points):
        let corners = zip(points, points.dropFirst()).flatMap { [$0, Chart.Point(x: $1.x, y: $0.y)] }
        path(corners + points.suffix(1), layer.series, frame: frame, on: &canvas)
      case .points(let points):
        for point in points {
          canvas.mark(layer.series, x: frame.x.fraction(point.x), y: frame.y.fraction(point.y))
        }
      case .area(let spans): area(spans, layer.series, frame: frame, on: &canvas)
      case .intervals(let spans):
        for span in spans {
          canvas.interval(
            layer.series, x: frame.x.fraction(span.x), from: frame.y.fraction(span.low), to: frame.y.fraction(span.high)
          )
        }
      case .cells(let cells): shade(cells, frame: frame, on: &canvas)
      case .verticalRule(let x, _): canvas.verticalRule(x: frame.x.fraction(x))
      case .horizontalRule(let y, _): canvas.horizontalRule(y: frame.y.fraction(y))
      }
    }
    let present = Set(panel.layers.compactMap(\.series))
    guard style.colors == .none || present.count > 1 else { return }
    for series in present.sorted() { canvas.labelLine(series) }
  }

  /// A column belongs to a bar if its middle lies in it; a bar narrower than a column gets the one it is in.
  private func fill(_ bar: Chart.Bar, series: Int?, frame: ChartFrame, on canvas: inout TerminalCanvas) {
    guard let series else { return }
    let low = min(frame.x.fraction(bar.low), frame.x.fraction(bar.high))
    let high = max(frame.x.fraction(bar.low), frame.x.fraction(bar.high))
    guard high >= 0, low <= 1 else { return }
    let columns = Double(canvas.columns)
    let first = max(Int((max(low, 0) * columns - 0.5).rounded(.up)), 0)
    let end = min(Int((min(high, 1) * columns - 0.5).rounded(.up)), canvas.columns)
    let base = frame.y.fraction(frame.y.base)
    let top = frame.y.fraction(bar.height)
    for column in first < end ? Array(first..<end) : [canvas.column((max(low, 0) + min(high, 1)) / 2)] {
      canvas.fill(series, column: column, from: min(base, top), to: max(base, top))
    }
  }

  /// A character shows the mean of the cells under it.
  private func shade(_ cells: Chart.Cells, frame: ChartFrame, on canvas: inout TerminalCanvas) {
    /// Cells between two fractions of the panel, of `count` that fill a range.
    func part(_ scale: ChartFrame.Scale, _ range: ClosedRange<Double>, _ count: Int, _ from: Double, _ to: Double)
      -> Range<Int>
    {
      let ends = [range.lowerBound, range.upperBound].map(scale.fraction)
      let places = [from, to].map { ($0 - ends[0]) / (ends[1] - ends[0]) * Double(count) }.sorted()
      guard places[0].isFinite, places[1] > 0, places[0] < Double(count) else { return 0..<0 }
      // At least the cell in the middle.
      let middle = min(count - 1, max(0, Int((places[0] + places[1]) / 2)))
      let low = min(middle, max(0, Int(places[0].rounded())))
      return low..<max(middle + 1, min(count, Int(places[1].rounded())))
    }
    let (columns, rows) = (Double(canvas.columns), Double(canvas.rows))
    for row in 0..<canvas.rows {
      let down = part(frame.y, cells.y, cells.rows, Double(row) / rows, Double(row + 1) / rows)
      for column in 0..<canvas.columns {
        let across = part(frame.x, cells.x, cells.columns, Double(column) / columns, Double(column + 1) / columns)
        let shares = down.flatMap { y in across.compactMap { cells.share(cells.values[y * cells.columns + $0]) } }
        if !shares.isEmpty {
          canvas.shade(shares.reduce(0, +) / Double(shares.count), column: column, row: row)
        }
      }
    }
  }

  private func path(
    _ points: [Chart.Point], _ series: Int?, frame: ChartFrame, on canvas: inout TerminalCanvas
  ) {
    let places = points.map { (x: frame.x.fraction($0.x), y: frame.y.fraction($0.y)) }
    if let only = places.first, places.count == 1 { canvas.mark(series, x: only.x, y: only.y) }
    for (start, end) in zip(places, places.dropFirst()) {
      canvas.line(series, from: start, to: end)
    }
  }

  private func area(_ spans: [Chart.Span], _ series: Int?, frame: ChartFrame, on canvas: inout TerminalCanvas) {
    guard let series else { return }
    let edges = spans.sorted { $0.x < $1.x }.map {
      (x: frame.x.fraction($0.x), low: frame.y.fraction($0.low), high: frame.y.fraction($0.high))
    }
    for column in 0..<canvas.columns {
      let x = (Double(column) + 0.5) / Double(canvas.columns)
      guard let after = edges.firstIndex(where: { $0.x >= x }), after > 0 else { continue }
      let (left, right) = (edges[after - 1], edges[after])
      let share = right.x > left.x ? (x - left.x) / (right.x - left.x) : 0
      canvas.fill(
        series, column: column, from: left.low + (right.low - left.low) * share,
        to: left.high + (right.high - left.high) * share)
    }
  }

  private static func withoutTrailingBlanks(_ line: String) -> String {
    var line = line
    while line.hasSuffix(" ") { line.removeLast() }
    return line
  }
}
