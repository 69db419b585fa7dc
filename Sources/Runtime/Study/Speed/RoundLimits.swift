/// When to stop measuring: the intervals are narrow enough, or a cap is reached.
public struct RoundLimits: Equatable, Sendable {
  /// Rounds that are run and forgotten: first page faults and lazy work are nobody's speed.
  public var warmups: Int
  /// Rounds before any interval is trusted; six give order statistics of 95 %.
  public var leastRounds: Int
  /// The cap on rounds that count.
  public var mostRounds: Int
  /// The cap on wall-clock time, preparation and warm-up included; a round under way is finished.
  public var mostSeconds: Double
  /// Half the width of an interval over its value, at most, for it to be narrow enough.
  public var precision: Double

  public init(
    warmups: Int = 1, leastRounds: Int = 6, mostRounds: Int, mostSeconds: Double = .infinity, precision: Double = 0
  ) {
    self.warmups = max(0, warmups)
    self.leastRounds = max(1, leastRounds)
    self.mostRounds = max(0, mostRounds)
    self.mostSeconds = mostSeconds
    self.precision = precision
  }

  /// Whether an interval is narrow enough; one that is not known is not.
  public func isNarrow(_ estimate: IntervalEstimate) -> Bool {
    guard let low = estimate.low, let high = estimate.high, estimate.value > 0 else { return false }
    return (high - low) / 2 <= precision * estimate.value
  }
}
