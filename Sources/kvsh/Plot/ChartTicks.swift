import Foundation

/// A labelled (or, in between, unlabelled) place on an axis.
struct ChartTick: Equatable, Sendable {
  var value: Double
  /// Empty for a minor tick.
  var label: String
}

/// Round places on an axis: 1, 2, 5 times a power of ten; decades on a logarithmic axis; powers of two for bytes.
enum ChartTicks {
  /// Ascending ticks within `low...high`, about `count` of them labelled. `low < high`, both finite; above 0 for log.
  static func make(_ axis: Chart.Axis, low: Double, high: Double, count: Int) -> [ChartTick] {
    if let categories = axis.categories {
      return categories.enumerated().map { ChartTick(value: Double($0.offset), label: $0.element) }
    }
    if axis.scale == .log, let ticks = logarithmic(axis, low: low, high: high, count: count) { return ticks }
    return linear(axis, low: low, high: high, count: count)
  }

  static func linear(_ axis: Chart.Axis, low: Double, high: Double, count: Int) -> [ChartTick] {
    // One tick alone tells no scale: ask for more where a round step was too wide.
    for finer in [1, 2, 4] {
      let ticks = evenly(axis, low: low, high: high, count: max(count, 1) * finer)
      if ticks.count >= 2 { return ticks }
    }
    return evenly(axis, low: low, high: high, count: max(count, 1))
  }

  private static func evenly(_ axis: Chart.Axis, low: Double, high: Double, count: Int) -> [ChartTick] {
    let unit = axis.format == .bytes ? byteUnit(max(abs(low), abs(high))) : (name: "", size: 1.0)
    // A share prints as a percentage, so its round numbers are those of the percentage.
    let scale = axis.format == .share ? 0.01 : unit.size
    let (step, exponent) = niceStep((high / scale - low / scale) / Double(count))
    // A tick on an end must not be lost to rounding.
    let first = (low / scale / step - 1e-9).rounded(.up)
    let last = (high / scale / step + 1e-9).rounded(.down)
    guard step > 0, first.isFinite, last.isFinite, last - first < 1000, last >= first else { return [] }
    return (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return ChartTick(
        value: min(max(value * scale, low), high), label: label(value, exponent: exponent, axis.format, unit.name))
    }
  }

  private static func label(_ value: Double, exponent: Int, _ format: Chart.Format, _ byteUnit: String) -> String {
    let number =
      exponent >= 6 || exponent < -6 ? PlotNumber.short(value) : PlotNumber.fixed(value, decimals: max(-exponent, 0))
    switch format {
    case .number: return number
    case .percent, .share: return number + " %"
    case .bytes: return number + " " + byteUnit
    case .unit(let name): return number + " " + name
    }
  }

  /// Nil when the range holds too few decades for decade ticks to say anything.
  static func logarithmic(_ axis: Chart.Axis, low: Double, high: Double, count: Int) -> [ChartTick]? {
    let first = Int(log10(low).rounded(.down))
    let last = Int(log10(high).rounded(.up))
    let stride = max(1, Int(((log10(high) - log10(low)) / Double(max(count, 1))).rounded(.up)))
    let decades = log10(high) - log10(low)
    let labelled: Set<Int> = decades >= 2 ? [1] : decades >= 1 ? [1, 3] : [1, 2, 5]
    let usesPowers = first < -3 || last > 5
    var ticks: [ChartTick] = []
    for exponent in first...last {
      for mantissa in 1...9 {
        let value = Double("\(mantissa)e\(exponent)") ?? 0
        guard value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) else { continue }
        let onStride = (exponent - (first < 0 ? 0 : first)) % stride == 0
        if labelled.contains(mantissa) && onStride {
          ticks.append(ChartTick(value: value, label: logLabel(mantissa, exponent, usesPowers, axis.format)))
        } else if stride == 1 || mantissa == 1 {
          ticks.append(ChartTick(value: value, label: ""))
        }
      }
    }
    return ticks.count { !$0.label.isEmpty } >= 2 ? ticks : nil
  }

  private static func logLabel(_ mantissa: Int, _ exponent: Int, _ power: Bool, _ format: Chart.Format) -> String {
    let value = Double("\(mantissa)e\(exponent)") ?? 0
    switch format {
    case .bytes:
      let unit = byteUnit(value)
      return PlotNumber.short(value / unit.size) + " " + unit.name
    case .share: return PlotNumber.short(value * 100) + " %"
    case .percent: return PlotNumber.short(value) + " %"
    case .unit(let name):
      return (power ? PlotNumber.power(mantissa: mantissa, exponent: exponent) : PlotNumber.short(value)) + " " + name
    case .number: return power ? PlotNumber.power(mantissa: mantissa, exponent: exponent) : PlotNumber.short(value)
    }
  }

  /// The smallest of 1, 2, 5 times a power of ten that is at least `rough`, and that power's exponent.
  private static func niceStep(_ rough: Double) -> (step: Double, exponent: Int) {
    guard rough > 0, rough.isFinite else { return (0, 0) }
    var exponent = Int(log10(rough).rounded(.down))
    for _ in 0..<2 {
      for mantissa in [1, 2, 5] {
        let step = Double("\(mantissa)e\(exponent)") ?? 0
        if step >= rough * (1 - 1e-9) { return (step, exponent) }
      }
      exponent += 1
    }
    return (0, 0)
  }

  private static func byteUnit(_ bytes: Double) -> (name: String, size: Double) {
    let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var size = 1.0
    var index = 0
    while bytes >= size * 1024, index < names.count - 1 {
      size *= 1024
      index += 1
    }
    return (names[index], size)
  }
}
