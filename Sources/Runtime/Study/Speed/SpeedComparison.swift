/// Configurations beside the uncompressed cache at one point of a sweep, and the uncompressed cache beside itself.
public struct SpeedComparison: Sendable {
  /// One an arm that was measured, the baseline first; those that a cancellation left without a round are nil.
  public let speeds: [SpeedEstimate?]
  public let noise: NoiseFloor
  public let end: Interleaving.End

  /// - Parameters:
  ///   - arms: the baseline first.
  ///   - doesMeasureNoise: whether the baseline is an arm once more.
  ///   - question: what is asked of every arm.
  public init(
    _ question: SpeedQuestion, _ arms: [TimedArm], limits: RoundLimits, doesMeasureNoise: Bool,
    now: () -> Double = Interleaving.wallSeconds, onRun: (_ arm: Int, _ done: Int) -> Void = { _, _ in }
  ) throws {
    let all = arms + (doesMeasureNoise ? Array(arms.prefix(1)) : [])
    let outcome = try Interleaving.run(
      all, limits: limits,
      isDone: { runs in
        let speeds = runs.map { SpeedEstimate(question, $0) }
        guard let baseline = speeds.first else { return true }
        let ratios = speeds.dropFirst().map { $0.speedup(over: baseline) }
        // With nothing to compare with it is the rate itself that has to be sure.
        let estimates = ratios.isEmpty ? [baseline.rate] : Array(ratios)
        return estimates.allSatisfy { $0.map(limits.isNarrow) ?? false }
      }, now: now, onRun: onRun)
    let estimates = outcome.runs.map { $0.isEmpty ? nil : SpeedEstimate(question, $0) }
    speeds = Array(estimates.prefix(arms.count))
    let again = doesMeasureNoise ? estimates.last.flatMap { $0 } : nil
    noise = NoiseFloor(again.flatMap { again in estimates.first.flatMap { $0 }.flatMap { again.speedup(over: $0) } })
    end = outcome.end
  }

  public func speedup(_ arm: Int) -> IntervalEstimate? {
    guard speeds.indices.contains(arm), let baseline = speeds.first.flatMap({ $0 }) else { return nil }
    return speeds[arm]?.speedup(over: baseline)
  }

  public func verdict(_ arm: Int) -> SpeedVerdict { noise.verdict(speedup(arm)) }
}
