import Foundation

/// How far the machine's own noise moves a ratio that is 1: the uncompressed cache against itself.
public struct NoiseFloor: Equatable, Sendable {
  /// The larger of the two factors by which the interval of A over A leaves 1, less 1: 0.03 is 3 %. Nil without an interval.
  public let share: Double?

  /// - Parameter ratio: A over A; nil if there was none.
  public init(_ ratio: IntervalEstimate?) {
    guard let ratio, let low = ratio.low, let high = ratio.high, low > 0, high.isFinite else {
      share = nil
      return
    }
    share = exp(max(abs(log(low)), abs(log(high)), abs(log(ratio.value)))) - 1
  }

  /// Whether a speed-up is one: its interval leaves 1 out and its value is beyond what noise does to A against A.
  ///
  /// An interval of fewer than five rounds covers less than 90 % and tells nothing.
  public func verdict(_ speedup: IntervalEstimate?) -> SpeedVerdict {
    guard let share, let speedup, let low = speedup.low, let high = speedup.high, speedup.level >= 0.9 else {
      return .notDistinguishable
    }
    if low > 1, speedup.value > 1 + share { return .faster }
    if high < 1, speedup.value < 1 / (1 + share) { return .slower }
    return .notDistinguishable
  }
}

/// Whether a configuration is faster than the uncompressed cache.
public enum SpeedVerdict: String, Sendable {
  case faster, slower
  case notDistinguishable = "not distinguishable"
}
