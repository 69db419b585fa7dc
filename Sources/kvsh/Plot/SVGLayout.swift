/// Places title, panels, legend and notes of an SVG figure, top to bottom.
struct SVGLayout {
  let chart: Chart
  let width: Double
  private(set) var height = 0.0
  private let frame: ChartFrame
  private var canvas = SVGCanvas()
  private let margin = 22.0
  /// Keeps pattern names apart where a page holds several figures.
  private let identifier: String

  init(chart: Chart, width: Double) {
    self.chart = chart
    self.width = width
    frame = ChartFrame(chart)
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in (chart.title + chart.series.map(\.label).joined()).utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    identifier = String(hash, radix: 36)
  }

  private func pattern(_ series: Int) -> String { "kvsh-hatch-\(identifier)-\(series)" }

  /// Hatching for simulated series; empty if there are none.
  var definitions: String {
    let patterns = chart.series.indices.filter { chart.series[$0].hatched }.map { index in
      let place = PlotPalette.place(chart.series[index].color)
      return "<pattern id=\"\(pattern(index))\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        + "patternTransform=\"rotate(45)\"><line class=\"kv-stroke\(place)\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" "
        + "stroke-width=\"2.4\" stroke-opacity=\"0.6\"/></pattern>"
    }
    return patterns.isEmpty ? "" : "<defs>" + patterns.joined() + "</defs>\n"
  }

  /// Draws everything, sets `height`, returns the elements.
  mutating func draw() -> [String] {
    var y = margin
    for line in SVGText.wrap(chart.title, to: width - 2 * margin, size: 16.5) {
      y += 14
      canvas.text(line, margin, y, class: "kv-title")
      y += 6
    }
    for line in chart.subtitle.flatMap({ SVGText.wrap($0, to: width - 2 * margin, size: 11) }) {
      y += 14
      canvas.text(line, margin, y, class: "kv-subtitle")
    }
    y = panels(from: y + 16)
    y = legend(from: y + 12)
    for (index, line) in chart.footnotes.enumerated() {
      y += index == 0 ? 10 : 3
      for part in SVGText.wrap(line, to: width - 2 * margin, size: 11) {
        y += 13.5
        canvas.text(part, margin, y, class: "kv-note")
      }
    }
    height = (y + margin).rounded(.up)
    return canvas.elements
  }

  private mutating func panels(from top: Double) -> Double {
    let count = chart.panels.count
    guard count > 0 else {
      canvas.text("(nothing to draw)", margin, top + 14, class: "kv-note")
      return top + 20
    }
    let across = count == 1 ? 1 : count <= 4 || width < 640 ? 2 : 3
    let plotHeight = across == 1 ? min(width * 0.44, 340) : 170.0
    let yTicks = frame.y.ticks(about: across == 1 ? 6 : 5)
    let gutter = 20 + 10 + min((yTicks.map { SVGText.width($0.label, size: 11) }.max() ?? 0), width / 5)
    let gap = 18.0
    let panelWidth = (width - 2 * margin - gutter - gap * Double(across - 1)) / Double(across)
    let hasTitles = chart.panels.contains { !$0.title.isEmpty }
    let xTicks = frame.x.ticks(about: max(Int(panelWidth / 75), 2))
    var y = top
    let rows = (count + across - 1) / across
    for row in 0..<rows {
      if hasTitles { y += row == 0 ? 18 : 30 }
      for column in 0..<across where row * across + column < count {
        let index = row * across + column
        let x = margin + gutter + Double(column) * (panelWidth + gap)
        var panel = SVGPanel(
          panel: chart.panels[index], chart: chart, frame: frame, left: x, top: y, width: panelWidth,
          height: plotHeight, hatch: pattern)
        panel.draw(on: &canvas, xTicks: xTicks, yTicks: yTicks, labelsY: column == 0)
      }
      canvas.text(
        SVGText.cut(chart.y.label, to: plotHeight + 20, size: 12), margin + 10, y + plotHeight / 2, class: "kv-label",
        anchor: "middle", rotated: true)
      y += plotHeight + 22
    }
    let middle = margin + gutter + (width - 2 * margin - gutter) / 2
    canvas.text(
      SVGText.cut(chart.x.label, to: width - 2 * margin - gutter, size: 12), middle, y + 15, class: "kv-label",
      anchor: "middle")
    return y + 20
  }

  private mutating func legend(from top: Double) -> Double {
    guard !chart.series.isEmpty else { return top }
    let size = 12.0
    let cells = chart.series.map { series in
      chart.legendColumns.indices.map { series.details.indices.contains($0) ? series.details[$0] : "" }
    }
    let labelWidth = chart.series.map { SVGText.width($0.label, size: size) }.max() ?? 0
    let widths = chart.legendColumns.indices.map { column in
      max(
        SVGText.width(chart.legendColumns[column], size: 11.5),
        cells.map { SVGText.width($0[column], size: size) }.max() ?? 0)
    }
    let total = 34 + labelWidth + widths.reduce(0) { $0 + 22 + $1 }
    let fits = total <= width - 2 * margin
    var y = top
    if fits, !chart.legendColumns.isEmpty {
      y += 14
      var x = margin + 34 + labelWidth
      for (column, heading) in chart.legendColumns.enumerated() {
        x += 22 + widths[column]
        canvas.text(heading, x, y, class: "kv-head", anchor: "end")
      }
      canvas.line(margin, y + 6, margin + total, y + 6, class: "kv-divide")
      y += 8
    }
    for (index, series) in chart.series.enumerated() {
      y += 18
      key(index, at: y)
      guard fits else {
        let details = zip(chart.legendColumns, cells[index]).filter { !$0.1.isEmpty }.map { "\($0): \($1)" }
        let whole = ([series.label] + details).joined(separator: " · ")
        for (offset, line) in SVGText.wrap(whole, to: width - 2 * margin - 34, size: size).enumerated() {
          y += offset == 0 ? 0 : 15
          canvas.text(line, margin + 34, y, class: "kv-cell")
        }
        continue
      }
      canvas.text(series.label, margin + 34, y, class: "kv-cell")
      var x = margin + 34 + labelWidth
      for (column, cell) in cells[index].enumerated() {
        x += 22 + widths[column]
        canvas.text(cell, x, y, class: "kv-cell", anchor: "end")
      }
    }
    return y + 6
  }

  private mutating func key(_ series: Int, at y: Double) {
    let marks = chart.panels.flatMap(\.layers).filter { $0.series == series }.map(\.mark)
    let ink = SVGInk(series: series, chart: chart, hatch: pattern)
    if marks.contains(where: \.isFilled) || marks.isEmpty {
      canvas.rect(margin, y - 10, width: 24, height: 11, class: ink.barClass, fill: ink.hatchFill)
      canvas.rect(margin, y - 10, width: 24, height: 11, class: ink.outlineClass)
    }
    let isLine = marks.contains { if case .line = $0 { true } else if case .step = $0 { true } else { false } }
    let isPoint = marks.contains { if case .points = $0 { true } else { false } }
    if isLine { canvas.line(margin, y - 4.5, margin + 24, y - 4.5, class: ink.curveClass) }
    if isPoint { canvas.path(SVGInk.mark(series, x: margin + 12, y: y - 4.5, radius: 3.8), class: ink.fillClass) }
    if !isLine, !isPoint, marks.contains(where: { if case .intervals = $0 { true } else { false } }) {
      canvas.line(margin + 12, y - 11, margin + 12, y + 1, class: ink.intervalClass)
    }
  }
}
