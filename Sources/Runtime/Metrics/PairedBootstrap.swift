import Dispatch

/// Percentile bootstrap over samples: every statistic of a resample sees the same samples, so pairs stay pairs.
///
/// Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13. The same seed gives the same
/// interval on every machine. From 20,000 samples on the interval is computed from their moments, see `BootstrapExpansion`.
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
    return try mean(differences)
  }

  /// Mean of numbers that are known to be there and finite.
  func mean(_ values: [Double]) throws -> IntervalEstimate {
    let value = try SampleMoments(values).mean
    if let known = try expanded(values.count, value, { BootstrapExpansion.meanQuantiles(values, at: $0) }) {
      return known
    }
    return try interval(count: values.count, value: value) { generator in
      var sum = 0.0
      values.withUnsafeBufferPointer { values in
        generator.drawIndices(below: UInt32(truncatingIfNeeded: values.count)) { sum += values[$0] }
      }
      return sum / Double(values.count)
    }
  }

  /// sum(first) / sum(second), paired; the interval is nil when any resample's denominator is 0.
  ///
  /// Throws `K627`, `K620`, `K621`, `K622`; `K621` also when sum(second) is 0.
  public func sumRatio(_ first: [Double], _ second: [Double]) throws -> IntervalEstimate {
    try requirePairs(first, second)
    let value = first.reduce(0, +) / second.reduce(0, +)
    try MetricProblems.requireFinite([value], of: "the ratio of the sums")
    if let known = try expanded(
      first.count, value, { BootstrapExpansion.ratioQuantiles(first, second, at: $0) })
    {
      return known
    }
    // Side by side, so that a drawn pair is one place in memory.
    let pairs = zip(first, second).map { SIMD2($0, $1) }
    return try interval(count: first.count, value: value) { generator in
      var sums = SIMD2<Double>.zero
      pairs.withUnsafeBufferPointer { pairs in
        generator.drawIndices(below: UInt32(truncatingIfNeeded: pairs.count)) { sums += pairs[$0] }
      }
      return sums.x / sums.y
    }
  }

  /// The interval without drawing, where samples are so many that their moments tell it; nil where they do not.
  private func expanded(_ count: Int, _ value: Double, _ quantiles: ([Double]) -> [Double]?) throws -> IntervalEstimate?
  {
    try MetricProblems.requireLevel(level)
    guard count >= BootstrapExpansion.leastCount, resamples > 0, resamples <= 1_000_000,
      let ends = quantiles([(1 - level) / 2, (1 + level) / 2])
    else { return nil }
    return IntervalEstimate(value: value, low: ends[0], high: ends[1], level: level)
  }

  /// `statistic` of resamples, each drawn from a generator of its own; one that is not finite takes the interval away.
  ///
  /// Threads share the resamples; as every one has its own numbers, the interval does not depend on how many they are.
  func interval(
    count: Int, value: Double, statistic: @Sendable (inout ResampleGenerator) -> Double
  ) throws -> IntervalEstimate {
    try MetricProblems.requireLevel(level)
    guard resamples >= 0, resamples <= 1_000_000 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "\(resamples) bootstrap resamples", expected: "0 to 1,000,000",
        suggestion: "use 2000")
    }
    let none = IntervalEstimate(value: value, low: nil, high: nil, level: level)
    guard count > 1, count <= UInt32.max, resamples > 0 else { return none }
    var statistics = [Double](repeating: 0, count: resamples)
    statistics.withUnsafeMutableBufferPointer { statistics in
      // Safe to share: every resample writes its own element.
      nonisolated(unsafe) let statistics = statistics
      let part = 64
      DispatchQueue.concurrentPerform(iterations: (resamples + part - 1) / part) { place in
        for resample in place * part..<min(resamples, (place + 1) * part) {
          var generator = ResampleGenerator(seed: seed, resample: UInt64(resample))
          statistics[resample] = statistic(&generator)
        }
      }
    }
    guard statistics.allSatisfy(\.isFinite) else { return none }
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
