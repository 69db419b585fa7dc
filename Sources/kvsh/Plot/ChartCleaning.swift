/// Takes out what cannot be drawn and says so in the footnotes, so that every renderer tells the same truth.
extension Chart {
  /// The chart with drawable values alone; a line breaks where a value is missing.
  func drawable() -> Chart {
    var chart = self
    var cleaning = Cleaning(logX: x.scale == .log, logY: y.scale == .log)
    chart.panels = panels.map { panel in
      var panel = panel
      panel.layers = panel.layers.flatMap { layer in
        let series = layer.series.flatMap { self.series.indices.contains($0) ? $0 : nil }
        return cleaning.marks(layer.mark).map { Layer(series: series, mark: $0) }
      }
      return panel
    }
    chart.x.range = Self.usable(x.range, scale: x.scale)
    chart.y.range = Self.usable(y.range, scale: y.scale)
    chart.footnotes += cleaning.notes
    return chart
  }

  private static func usable(_ range: ClosedRange<Double>?, scale: Scale) -> ClosedRange<Double>? {
    guard let range, Cleaning.isNumber(range.lowerBound), Cleaning.isNumber(range.upperBound),
      range.lowerBound < range.upperBound, scale == .linear || range.lowerBound > 0
    else { return nil }
    return range
  }
}

private struct Cleaning {
  let logX: Bool
  let logY: Bool
  var notNumbers = 0
  var notPositive = 0

  init(logX: Bool, logY: Bool) {
    self.logX = logX
    self.logY = logY
  }

  var notes: [String] {
    var notes: [String] = []
    if notNumbers > 0 {
      notes.append("Not drawn: \(values(notNumbers)) not finite.")
    }
    if notPositive > 0 {
      notes.append("Not drawn on a logarithmic axis: \(values(notPositive)) not above 0.")
    }
    return notes
  }

  private func values(_ count: Int) -> String {
    count == 1 ? "1 value that is" : PlotNumber.count(count) + " values that are"
  }

  /// Beyond 1e300 differences overflow; no measurement is there.
  static func isNumber(_ value: Double) -> Bool { value.isFinite && abs(value) <= 1e300 }

  /// True if every value can be drawn; counts it once if not.
  mutating func keeps(x: [Double], y: [Double]) -> Bool {
    guard (x + y).allSatisfy(Self.isNumber) else {
      notNumbers += 1
      return false
    }
    guard !(logX && x.contains { $0 <= 0 }), !(logY && y.contains { $0 <= 0 }) else {
      notPositive += 1
      return false
    }
    return true
  }

  mutating func marks(_ mark: Chart.Mark) -> [Chart.Mark] {
    switch mark {
    case .bars(let bars):
      return [
        .bars(
          bars.filter { bar in
            // An empty bin has no bar on either scale; that is not a value left out.
            if bar.height == 0, logY { return false }
            return keeps(x: [bar.low, bar.high], y: [bar.height])
          })
      ]
    case .line(let points): return runs(points).map { .line($0) }
    case .step(let points): return runs(points).map { .step($0) }
    case .points(let points): return [.points(points.filter { keeps(x: [$0.x], y: [$0.y]) })]
    case .area(let spans): return [.area(spans.filter { keeps(x: [$0.x], y: [$0.low, $0.high]) })]
    case .intervals(let spans): return [.intervals(spans.filter { keeps(x: [$0.x], y: [$0.low, $0.high]) })]
    case .cells(let cells):
      notNumbers += cells.values.count { !$0.isFinite }
      return cells.rows > 0 && cells.low.isFinite && cells.high.isFinite ? [mark] : []
    case .verticalRule(let x, _): return keeps(x: [x], y: []) ? [mark] : []
    case .horizontalRule(let y, _): return keeps(x: [], y: [y]) ? [mark] : []
    }
  }

  private mutating func runs(_ points: [Chart.Point]) -> [[Chart.Point]] {
    var runs: [[Chart.Point]] = [[]]
    for point in points {
      if keeps(x: [point.x], y: [point.y]) {
        runs[runs.count - 1].append(point)
      } else if runs.last?.isEmpty == false {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }
}
