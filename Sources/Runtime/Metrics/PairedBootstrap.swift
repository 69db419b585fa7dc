/// Percentile bootstrap over samples: every statistic of a resample sees the same samples, so pairs stay pairs.
///
/// Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13. The same seed gives the same
/// interval on every machine.
public struct PairedBootstrap: Equatable, Sendable {
  public var resamples: Int
  public var seed: UInt64
  /// Coverage of the interval, for instance 0.95.
  public var level: Double

  public init(resamples: Int = 2000, seed: UInt64 = 0, level: Double = 0.95) {
    self.resamples = resamples
    self.seed = seed
    self.level = level
  }

  /// mean(first) - mean(second), `first[i]` and `second[i]` being of the same sample.
  ///
  /// Throws `K627` (lists differ in length), `K620`, `K621`, `K622`.
  public func meanDifference(_ first: [Double], _ second: [Double]) throws -> IntervalEstimate {
    try requirePairs(first, second)
    let differences = zip(first, second).map { $0 - $1 }
    try MetricProblems.requireFinite(differences, of: "the paired difference")
    return try interval(count: differences.count, value: SampleMoments(differences).mean) { sample in
      sample.reduce(0) { $0 + differences[$1] } / Double(sample.count)
    }
  }

  /// sum(first) / sum(second), paired; the interval is nil when any resample's denominator is 0.
  ///
  /// Throws `K627`, `K620`, `K621`, `K622`; `K621` also when sum(second) is 0.
  public func sumRatio(_ first: [Double], _ second: [Double]) throws -> IntervalEstimate {
    try requirePairs(first, second)
    let value = first.reduce(0, +) / second.reduce(0, +)
    try MetricProblems.requireFinite([value], of: "the ratio of the sums")
    return try interval(count: first.count, value: value) { sample in
      sample.reduce(0) { $0 + first[$1] } / sample.reduce(0) { $0 + second[$1] }
    }
  }

  /// `statistic` of resamples of the indices `0..<count`; a resample where it is not finite takes the interval away.
  func interval(count: Int, value: Double, statistic: ([Int]) -> Double) throws -> IntervalEstimate {
    try MetricProblems.requireLevel(level)
    guard resamples >= 0, resamples <= 1_000_000 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "\(resamples) bootstrap resamples", expected: "0 to 1,000,000",
        suggestion: "use 2000")
    }
    let none = IntervalEstimate(value: value, low: nil, high: nil, level: level)
    guard count > 1, resamples > 0 else { return none }
    var statistics: [Double] = []
    statistics.reserveCapacity(resamples)
    var sample = [Int](repeating: 0, count: count)
    for resample in 0..<resamples {
      var generator = ResampleGenerator(seed: seed, resample: UInt64(resample))
      for position in 0..<count { sample[position] = generator.index(below: UInt64(count)) }
      let drawn = statistic(sample)
      guard drawn.isFinite else { return none }
      statistics.append(drawn)
    }
    statistics.sort()
    return IntervalEstimate(
      value: value, low: Quantile.ofSorted(statistics, at: (1 - level) / 2),
      high: Quantile.ofSorted(statistics, at: (1 + level) / 2), level: level)
  }

  private func requirePairs(_ first: [Double], _ second: [Double]) throws {
    guard first.count == second.count else {
      throw RuntimeProblem(
        MetricProblems.unpaired, seen: "\(first.count) values paired with \(second.count)",
        expected: "as many of one side as of the other", suggestion: "join the rows by sample first")
    }
    try MetricProblems.requireFinite(first, of: "a paired comparison")
    try MetricProblems.requireFinite(second, of: "a paired comparison")
  }
}
