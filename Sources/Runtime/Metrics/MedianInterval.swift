extension IntervalEstimate {
  /// The median of `values` with an interval of order statistics, which supposes nothing about how they are spread.
  ///
  /// The narrowest [x(k), x(n + 1 - k)] that covers the median with at least `level`; fewer than six values cannot reach
  /// 95 %: then it is the smallest and the largest, and `level` is what those cover, 1 - 2^(1 - n).
  /// Throws `K620` (no values), `K621` (not finite), `K622` (level).
  public static func median(of values: [Double], level: Double = 0.95) throws -> IntervalEstimate {
    try MetricProblems.requireLevel(level)
    let value = try Quantile.of(values, at: 0.5)
    guard values.count > 1 else { return IntervalEstimate(value: value, low: nil, high: nil, level: level) }
    let sorted = values.sorted()
    let (skipped, cover) = Self.skippedEnds(values.count, level)
    return IntervalEstimate(
      value: value, low: sorted[skipped], high: sorted[values.count - 1 - skipped], level: cover)
  }
  /// How many values to leave out at either end, and the coverage of what is left.
  private static func skippedEnds(_ count: Int, _ level: Double) -> (skipped: Int, cover: Double) {
    // Beyond a thousand values 2^-n leaves the range of numbers, and the normal distribution is as good.
    if count > 1_000 {
      let width = StandardNormal.quantile((1 + level) / 2) * Double(count).squareRoot() / 2
      return (max(0, Int((Double(count) / 2 - width).rounded(.down)) - 1), level)
    }
    var term = 1.0  // P(B = k) of a binomial B of n and 1/2
    for _ in 0..<count { term /= 2 }
    var below = term  // P(B <= k)
    var skipped = 0
    var cover = 1 - 2 * below
    while skipped < (count - 1) / 2 {
      term *= Double(count - skipped) / Double(skipped + 1)
      guard 1 - 2 * (below + term) >= level else { break }
      below += term
      cover = 1 - 2 * below
      skipped += 1
    }
    return (skipped, cover)
  }
}
