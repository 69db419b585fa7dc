/// One panel of an SVG figure: grid, axes, marks.
struct SVGPanel {
  let panel: Chart.Panel
  let chart: Chart
  let frame: ChartFrame
  let left: Double
  let top: Double
  let width: Double
  let height: Double
  let hatch: (Int) -> String

  mutating func draw(on canvas: inout SVGCanvas, xTicks: [ChartTick], yTicks: [ChartTick], labelsY: Bool) {
    if !panel.title.isEmpty {
      canvas.text(SVGText.cut(panel.title, to: width, size: 12.5), left, top - 7, class: "kv-panel")
    }
    axes(on: &canvas, xTicks, yTicks, labelsY)
    for layer in panel.layers { draw(layer, on: &canvas) }
    canvas.path(
      "M\(n(left)) \(n(top))V\(n(top + height))H\(n(left + width))", class: "kv-axis")
  }

  private func n(_ value: Double) -> String { SVGCanvas.number(value) }
  private func x(_ fraction: Double) -> Double { left + fraction * width }
  private func y(_ fraction: Double) -> Double { top + (1 - fraction) * height }
  private func inside(_ fraction: Double) -> Bool { fraction >= 0 && fraction <= 1 }
  private func clamped(_ fraction: Double) -> Double { min(max(fraction, 0), 1) }

  private func axes(on canvas: inout SVGCanvas, _ xTicks: [ChartTick], _ yTicks: [ChartTick], _ labelsY: Bool) {
    for tick in yTicks where inside(frame.y.fraction(tick.value)) {
      let place = y(frame.y.fraction(tick.value))
      let isMajor = !tick.label.isEmpty
      if isMajor { canvas.line(left, place, left + width, place, class: "kv-grid") }
      canvas.line(left - (isMajor ? 5 : 3), place, left, place, class: "kv-axis")
      if isMajor, labelsY { canvas.text(tick.label, left - 8, place + 3.8, class: "kv-tick", anchor: "end") }
    }
    let room = frame.x.axis.categories.map { width / Double(max($0.count, 1)) - 4 } ?? width
    var free = -Double.infinity
    for tick in xTicks where inside(frame.x.fraction(tick.value)) {
      let place = x(frame.x.fraction(tick.value))
      let isMajor = !tick.label.isEmpty
      canvas.line(place, top + height, place, top + height + (isMajor ? 5 : 3), class: "kv-axis")
      let label = SVGText.cut(tick.label, to: max(room, 24), size: 11)
      let half = SVGText.width(label, size: 11) / 2
      if isMajor, place - half >= free {
        canvas.text(label, place, top + height + 17, class: "kv-tick", anchor: "middle")
        free = place + half + 3
      }
    }
  }

  private func draw(_ layer: Chart.Layer, on canvas: inout SVGCanvas) {
    let ink = SVGInk(series: layer.series, chart: chart, hatch: hatch)
    switch layer.mark {
    case .bars(let bars): draw(bars, ink, on: &canvas)
    case .line(let points): draw(points, ink, layer.series, on: &canvas)
    case .step(let points):
      let corners = zip(points, points.dropFirst()).flatMap { [$0, Chart.Point(x: $1.x, y: $0.y)] }
      draw(corners + points.suffix(1), ink, layer.series, on: &canvas)
    case .points(let points):
      for point in points { mark(point, ink, layer.series, on: &canvas) }
    case .area(let spans):
      let ordered = spans.sorted { $0.x < $1.x }.map {
        (clamped(frame.x.fraction($0.x)), clamped(frame.y.fraction($0.low)), clamped(frame.y.fraction($0.high)))
      }
      guard ordered.count > 1 else { return }
      let outline =
        ordered.map { "\(n(x($0.0))) \(n(y($0.2)))" } + ordered.reversed().map { "\(n(x($0.0))) \(n(y($0.1)))" }
      canvas.path("M" + outline.joined(separator: "L") + "Z", class: ink.areaClass)
    case .intervals(let spans):
      for span in spans { interval(span, ink, on: &canvas) }
    case .cells(let cells): draw(cells, on: &canvas)
    case .verticalRule(let at, let label):
      let fraction = frame.x.fraction(at)
      guard inside(fraction) else { return }
      canvas.line(x(fraction), top, x(fraction), top + height, class: "kv-rule")
      let fits = x(fraction) + 4 + SVGText.width(label, size: 10.5) <= left + width
      canvas.text(
        label, x(fraction) + (fits ? 4 : -4), top + 9, class: "kv-rulename", anchor: fits ? "start" : "end")
    case .horizontalRule(let at, let label):
      let fraction = frame.y.fraction(at)
      guard inside(fraction) else { return }
      canvas.line(left, y(fraction), left + width, y(fraction), class: "kv-rule")
      canvas.text(label, left + width - 4, y(fraction) - 4, class: "kv-rulename", anchor: "end")
    }
  }

  private func draw(_ cells: Chart.Cells, on canvas: inout SVGCanvas) {
    let (across, down) = (cells.x.upperBound - cells.x.lowerBound, cells.y.upperBound - cells.y.lowerBound)
    for (index, value) in cells.values.enumerated() {
      guard let share = cells.share(value) else { continue }
      let (row, column) = (index / cells.columns, index % cells.columns)
      func edges(_ scale: ChartFrame.Scale, _ low: Double, _ size: Double, _ place: Int, _ count: Int) -> [Double] {
        [place, place + 1].map { clamped(scale.fraction(low + size * Double($0) / Double(count))) }.sorted()
      }
      let xs = edges(frame.x, cells.x.lowerBound, across, column, cells.columns)
      let ys = edges(frame.y, cells.y.lowerBound, down, row, cells.rows)
      // A hair wider than the cell, or the background shows between neighbours.
      canvas.rect(
        x(xs[0]), y(ys[1]), width: x(xs[1]) - x(xs[0]) + 0.3, height: y(ys[0]) - y(ys[1]) + 0.3, class: "kv-heat",
        fill: HeatRamp.color(share).hex, title: "\(row), \(column): \(PlotNumber.short(value, significant: 4))")
    }
  }

  private func draw(_ bars: [Chart.Bar], _ ink: SVGInk, on canvas: inout SVGCanvas) {
    let base = frame.y.fraction(frame.y.base)
    outline(bars, base: base, ink, on: &canvas)
    for bar in bars {
      let ends = [frame.x.fraction(bar.low), frame.x.fraction(bar.high)].sorted()
      guard ends[1] >= 0, ends[0] <= 1 else { continue }
      let low = clamped(min(base, frame.y.fraction(bar.height)))
      let high = clamped(max(base, frame.y.fraction(bar.height)))
      if high <= low { continue }
      let start = x(clamped(ends[0]))
      let end = x(clamped(ends[1]))
      canvas.rect(
        start, y(high), width: max(end - start, 0.6), height: y(low) - y(high), class: ink.barClass,
        fill: ink.hatchFill,
        title: "\(PlotNumber.short(bar.low, significant: 4)) to \(PlotNumber.short(bar.high, significant: 4)): "
          + PlotNumber.short(bar.height))
    }
  }

  /// One contour around neighbouring bars: the edges between them would hide the shape.
  private func outline(_ bars: [Chart.Bar], base: Double, _ ink: SVGInk, on canvas: inout SVGCanvas) {
    var data = ""
    var end: Double?
    let ground = n(y(clamped(base)))
    for bar in bars.sorted(by: { $0.low < $1.low }) {
      let ends = [frame.x.fraction(bar.low), frame.x.fraction(bar.high)].sorted()
      guard ends[1] >= 0, ends[0] <= 1 else { continue }
      if end != bar.low {
        if end != nil { data += "V\(ground)" }
        data += "M\(n(x(clamped(ends[0])))) \(ground)"
      }
      data += "V\(n(y(clamped(frame.y.fraction(bar.height)))))H\(n(x(clamped(ends[1]))))"
      end = bar.high
    }
    if end != nil { data += "V\(ground)" }
    canvas.path(data, class: ink.outlineClass)
  }

  private func draw(_ points: [Chart.Point], _ ink: SVGInk, _ series: Int?, on canvas: inout SVGCanvas) {
    if let only = points.first, points.count == 1 { return mark(only, ink, series, on: &canvas) }
    var data = ""
    var last: (x: Double, y: Double)?
    let places = points.map { (x: frame.x.fraction($0.x), y: frame.y.fraction($0.y)) }
    for (start, end) in zip(places, places.dropFirst()) {
      guard let (start, end) = PlotClip.segment(start, end) else { continue }
      if last.map({ $0 != start }) ?? true { data += "M\(n(x(start.x))) \(n(y(start.y)))" }
      data += "L\(n(x(end.x))) \(n(y(end.y)))"
      last = end
    }
    canvas.path(data, class: "kv-halo")
    canvas.path(data, class: ink.curveClass)
  }

  private func mark(_ point: Chart.Point, _ ink: SVGInk, _ series: Int?, on canvas: inout SVGCanvas) {
    let place = (frame.x.fraction(point.x), frame.y.fraction(point.y))
    guard inside(place.0), inside(place.1) else { return }
    canvas.path(SVGInk.mark(series, x: x(place.0), y: y(place.1), radius: 3.4), class: ink.fillClass)
  }

  private func interval(_ span: Chart.Span, _ ink: SVGInk, on canvas: inout SVGCanvas) {
    let place = frame.x.fraction(span.x)
    let ends = [frame.y.fraction(span.low), frame.y.fraction(span.high)].sorted()
    guard inside(place), ends[1] >= 0, ends[0] <= 1 else { return }
    let (low, high) = (y(clamped(ends[0])), y(clamped(ends[1])))
    // A cap stands for an end of the interval; where the frame cuts it there is none.
    var data = "M\(n(x(place))) \(n(low))V\(n(high))"
    if inside(ends[0]) { data += "M\(n(x(place) - 4)) \(n(low))H\(n(x(place) + 4))" }
    if inside(ends[1]) { data += "M\(n(x(place) - 4)) \(n(high))H\(n(x(place) + 4))" }
    canvas.path(data, class: ink.intervalClass)
  }
}
