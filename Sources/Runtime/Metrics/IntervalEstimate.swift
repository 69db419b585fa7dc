/// A number estimated from a sample, with its interval.
///
/// `low` and `high` are nil when the sample is too small to give an interval (one value).
public struct IntervalEstimate: Equatable, Sendable {
  public var value: Double
  public var low: Double?
  public var high: Double?
  /// Coverage of the interval, for instance 0.95.
  public var level: Double

  public init(value: Double, low: Double?, high: Double?, level: Double) {
    self.value = value
    self.low = low
    self.high = high
    self.level = level
  }
}

extension IntervalEstimate {
  /// The mean of `values` with its Student t interval (n - 1 degrees of freedom); one value has no interval.
  ///
  /// Throws `K620` (no values), `K621` (not finite), `K622` (level), `K628` (the sum overflows).
  public static func mean(of values: [Double], level: Double = 0.95) throws -> IntervalEstimate {
    try MetricProblems.requireFinite(values, of: "the mean")
    try MetricProblems.requireLevel(level)
    let mean = try SampleMoments(values)
    guard values.count > 1 else {
      return IntervalEstimate(value: mean.mean, low: nil, high: nil, level: level)
    }
    let quantile = StudentT.quantile((1 + level) / 2, degreesOfFreedom: Double(values.count - 1))
    let halfWidth = quantile * mean.sampleStandardDeviation / Double(values.count).squareRoot()
    return IntervalEstimate(value: mean.mean, low: mean.mean - halfWidth, high: mean.mean + halfWidth, level: level)
  }
}

/// Mean and sample standard deviation (n - 1; 0 for one value), two passes.
struct SampleMoments {
  let mean: Double
  let sampleStandardDeviation: Double

  /// Throws `K628` when a sum overflows; `values` must be finite and not empty.
  init(_ values: [Double]) throws {
    let count = Double(values.count)
    mean = values.reduce(0, +) / count
    let centre = mean
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    sampleStandardDeviation = values.count > 1 ? (squares / (count - 1)).squareRoot() : 0
    guard mean.isFinite, sampleStandardDeviation.isFinite else {
      throw RuntimeProblem(
        MetricProblems.spanTooWide, seen: "the sum of \(values.count) values overflows",
        expected: "values a sum of which is a finite number")
    }
  }
}
