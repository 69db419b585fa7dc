/// A share, `count` out of `total`, with its Wilson score interval.
///
/// Wilson (1927) rather than the normal approximation: it stays inside [0, 1] and is not empty at 0 of n.
public struct ShareEstimate: Equatable, Sendable {
  public var count: Int
  public var total: Int
  /// Bounds of the share, 0...1.
  public var low: Double
  public var high: Double
  /// Coverage of the interval, for instance 0.95.
  public var level: Double

  /// The share itself, 0...1.
  public var value: Double { Double(count) / Double(total) }

  /// Throws `K626` unless `0 <= count <= total` and `total >= 1`, `K622` for a level outside (0, 1).
  public init(count: Int, total: Int, level: Double = 0.95) throws {
    guard total >= 1, count >= 0, count <= total else {
      throw RuntimeProblem(
        MetricProblems.countOutOfRange, seen: "a share of \(count) out of \(total)",
        expected: "0 <= count <= total and a total of at least 1")
    }
    try MetricProblems.requireLevel(level)
    self.count = count
    self.total = total
    self.level = level
    let n = Double(total)
    let share = Double(count) / n
    let z = StandardNormal.quantile((1 + level) / 2)
    let denominator = 1 + z * z / n
    let centre = (share + z * z / (2 * n)) / denominator
    let halfWidth = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot() / denominator
    // At the ends the bound equals the share but for rounding.
    low = count == 0 ? 0 : max(0, centre - halfWidth)
    high = count == total ? 1 : min(1, centre + halfWidth)
  }
}
