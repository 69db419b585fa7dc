import Foundation

/// The common axes of a chart's panels: ends, ticks, and where a value lies between the ends (0...1).
struct ChartFrame: Sendable {
  let x: Scale
  let y: Scale

  struct Scale: Sendable {
    let axis: Chart.Axis
    let low: Double
    let high: Double

    /// 0 at the axis' low end, 1 at its high end; outside for what lies beyond.
    func fraction(_ value: Double) -> Double {
      let fraction =
        axis.scale == .log
        ? (log10(value) - log10(low)) / (log10(high) - log10(low)) : (value / 2 - low / 2) / (high / 2 - low / 2)
      return axis.isReversed ? 1 - fraction : fraction
    }

    func ticks(about count: Int) -> [ChartTick] { ChartTicks.make(axis, low: low, high: high, count: count) }

    /// Where bars and areas without a low end stand: 0, or the low end if that is above 0.
    var base: Double { axis.scale == .log ? low : min(max(0, low), high) }
  }

  /// `chart` has drawable values alone (`Chart.drawable()`).
  init(_ chart: Chart) {
    var xs: [Double] = []
    var ys: [Double] = []
    var hasBars = false
    for layer in chart.panels.flatMap(\.layers) {
      switch layer.mark {
      case .bars(let bars):
        hasBars = hasBars || !bars.isEmpty
        xs += bars.flatMap { [$0.low, $0.high] }
        ys += bars.map(\.height)
      case .line(let points), .step(let points), .points(let points):
        xs += points.map(\.x)
        ys += points.map(\.y)
      case .area(let spans), .intervals(let spans):
        xs += spans.map(\.x)
        ys += spans.flatMap { [$0.low, $0.high] }
      case .cells(let cells):
        xs += [cells.x.lowerBound, cells.x.upperBound]
        ys += [cells.y.lowerBound, cells.y.upperBound]
      case .verticalRule(let x, _): xs.append(x)
      case .horizontalRule(let y, _): ys.append(y)
      }
    }
    x = Self.scale(chart.x, values: xs, fromZero: false, padding: hasBars ? (0, 0) : (0.03, 0.03))
    y = Self.scale(chart.y, values: ys, fromZero: hasBars, padding: (0.04, 0.06))
  }

  private static func scale(_ axis: Chart.Axis, values: [Double], fromZero: Bool, padding: (Double, Double)) -> Scale {
    if let categories = axis.categories {
      var axis = axis
      axis.scale = .linear
      return Scale(axis: axis, low: -0.5, high: Double(max(categories.count, 1)) - 0.5)
    }
    if let range = axis.range { return Scale(axis: axis, low: range.lowerBound, high: range.upperBound) }
    guard var low = values.min(), var high = values.max() else {
      return axis.scale == .log ? Scale(axis: axis, low: 0.1, high: 10) : Scale(axis: axis, low: 0, high: 1)
    }
    if axis.scale == .log {
      // The shortest bar needs a visible height above the floor.
      if fromZero { low /= 2 }
      if high / low < 1.0001 { (low, high) = (low / 2, high * 2) }
      let decades = log10(high) - log10(low)
      let below = fromZero ? 0 : padding.0
      return Scale(
        axis: axis, low: max(low * pow(10, -decades * below), 1e-305), high: high * pow(10, decades * padding.1))
    }
    if fromZero { (low, high) = (min(low, 0), max(high, 0)) }
    let size = max(abs(low), abs(high))
    if high - low <= max(size * 1e-9, 1e-290) {
      let margin = size == 0 ? 0.5 : max(size * 0.05, 1e-280)
      return Scale(axis: axis, low: low - margin, high: high + margin)
    }
    let span = high - low
    return Scale(
      axis: axis, low: fromZero && low == 0 ? 0 : low - span * padding.0,
      high: fromZero && high == 0 ? 0 : high + span * padding.1)
  }
}
