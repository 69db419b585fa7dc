/// The speed of one arm by a style's arithmetic, and how it compares with another's.
public struct SpeedEstimate: Sendable {
  public let question: SpeedQuestion
  public let runs: [TimedRun]
  /// Tokens a second, with the order statistics of the rounds' own rates; nil where the style has no result.
  public let rate: IntervalEstimate?

  public init(_ question: SpeedQuestion, _ runs: [TimedRun]) {
    self.question = question
    self.runs = runs
    rate = question.rate(runs).flatMap { Self.estimate($0, runs.compactMap(question.roundRate)) }
  }

  /// This arm's rate over the other's by the style's arithmetic, with the order statistics of the ratio in each round.
  ///
  /// A ratio pairs rounds, so that what slows a whole round down does not count against one side. The interval is widened
  /// to the value where rounding or trimming put it outside. Nil where the style has no result.
  public func speedup(over other: SpeedEstimate) -> IntervalEstimate? {
    guard let own = question.rate(runs), let base = other.question.rate(other.runs), base > 0 else { return nil }
    let ratios = zip(runs, other.runs).compactMap { mine, theirs -> Double? in
      guard let own = question.roundRate(mine), let base = other.question.roundRate(theirs) else { return nil }
      return own / base
    }
    return Self.estimate(own / base, ratios)
  }

  private static func estimate(_ value: Double, _ rounds: [Double]) -> IntervalEstimate? {
    guard value > 0, value.isFinite else { return nil }
    guard let spread = try? IntervalEstimate.median(of: rounds) else {
      return IntervalEstimate(value: value, low: nil, high: nil, level: 0.95)
    }
    return IntervalEstimate(
      value: value, low: spread.low.map { min($0, value) }, high: spread.high.map { max($0, value) },
      level: spread.level)
  }
}

extension SpeedEstimate {
  private var forwards: Double { Double(max(1, runs.reduce(0) { $0 + $1.forwardSeconds.count })) }
  private var forwardSeconds: Double { runs.reduce(0) { $0 + $1.forwardSeconds.reduce(0, +) } }
  private var attentionTotal: Double { runs.reduce(0) { $0 + $1.phases.attention } }

  /// Attention alone in one forward: keys and values appended, scores, softmax and weighted sums.
  public var attentionSeconds: Double { attentionTotal / forwards }

  /// Attention's share of a forward, 0...1.
  public var attentionShare: Double { forwardSeconds > 0 ? min(1, attentionTotal / forwardSeconds) : 0 }

  /// What a method adds to attention in one forward: ranking tokens, choosing among them, packing them.
  public var compressionSeconds: Double {
    runs.reduce(0) { $0 + $1.phases.score + $1.phases.select + $1.phases.pack } / forwards
  }
}
