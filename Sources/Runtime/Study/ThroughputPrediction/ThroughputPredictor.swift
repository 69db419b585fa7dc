import Foundation

/// A predictor of whole forwards together with what it was tested on, so that every prediction comes with its error.
public struct ThroughputPredictor: Sendable {
  public let forward: ForwardPredictor
  public let range: ProfiledRange
  /// Measured forwards that had no part in the profile.
  public let heldOut: [PredictionAccuracy.Point]

  public init(forward: ForwardPredictor, range: ProfiledRange, heldOut: [PredictionAccuracy.Point]) {
    self.forward = forward
    self.range = range
    self.heldOut = heldOut
  }

  public typealias Stage = MeasuredThroughput.Stage

  /// Seconds of a prefill of `batch` prompts of `tokens` tokens, or of one decode step of `batch` requests with `tokens`
  /// cached, with the interval that `level` of the held-out points of the stage fall into.
  ///
  /// Beyond the profile, up to twice as far, the interval runs from the edge's time to the edge's time grown with the work
  /// (in proportion; a prompt's attention with its square), and the estimate is their geometric mean.
  ///
  /// - Throws: K630 for a batch or length below 1, K634 farther out, K638 with too few held-out points.
  public func estimate(_ stage: Stage, batch: Int, tokens: Int, level: Double = 0.9) throws -> ThroughputEstimate {
    try MetricProblems.requireLevel(level)
    guard batch >= 1, tokens >= 1 else {
      throw RouteProblems.setting("batch=\(batch) tokens=\(tokens)", "at least 1 of each")
    }
    let growth = try growth(stage, batch: batch, tokens: tokens)
    let seconds = Self.seconds(
      forward, stage, batch: min(batch, edge(stage, batch)), tokens: min(tokens, longest(stage)))
    let spread = try spread(stage, level)
    return ThroughputEstimate(
      stage: stage, batch: batch, tokens: tokens, seconds: seconds * growth.squareRoot(),
      lowSeconds: seconds * max(0, 1 - spread), highSeconds: seconds * (1 + spread) * growth, level: level,
      reach: growth > 1 ? .beyond : isTested(stage, batch: batch, tokens: tokens) ? .tested : .profiled,
      heldOut: PredictionAccuracy(points: heldOut.filter { $0.stage == stage }))
  }

  /// Whether held-out forwards lie around this one.
  private func isTested(_ stage: Stage, batch: Int, tokens: Int) -> Bool {
    let points = heldOut.filter { $0.stage == stage }
    func holds(_ number: Int, _ numbers: [Int]) -> Bool {
      (numbers.min() ?? .max) <= number && number <= (numbers.max() ?? 0)
    }
    return holds(batch, points.map(\.batch)) && holds(tokens, points.map(\.tokens))
  }

  private func longest(_ stage: Stage) -> Int {
    stage == .prefill ? range.chunks.upperBound : forward.cacheLimitTokens == nil ? range.cached.upperBound : .max
  }

  private func edge(_ stage: Stage, _ batch: Int) -> Int { stage == .prefill ? batch : range.batches.upperBound }

  /// How many times more work is asked for than at the edge of the profile.
  private func growth(_ stage: Stage, batch: Int, tokens: Int) throws -> Double {
    func checked(_ name: String, _ asked: Int, _ profiled: ClosedRange<Int>) throws -> Double {
      let excess = ProfiledRange.excess(asked, profiled)
      guard excess <= ProfiledRange.reach else {
        throw RuntimeProblem(
          "K634",
          seen: "\(name)=\(asked) lies far outside what was profiled, \(profiled.lowerBound) to \(profiled.upperBound)",
          expected: "at most \(Int(Double(profiled.upperBound) * ProfiledRange.reach))",
          suggestion: "profile that far")
      }
      return excess
    }
    switch stage {
    case .prefill:
      // Prompts go in as many forwards as they need, so more of them are nothing new.
      guard batch <= 1 << 20 else { throw RouteProblems.setting("batch=\(batch)", "at most \(1 << 20)") }
      return pow(try checked("tokens", tokens, range.chunks), 2)
    case .decoding:
      // An evicting cache holds no more than its limit, however long the request is.
      let length = forward.cacheLimitTokens == nil ? try checked("tokens", tokens, range.cached) : 1
      return length * (try checked("batch", batch, range.batches))
    }
  }

  /// The relative error that a share `level` of new points stays within: a rank of the held-out ones (split conformal).
  private func spread(_ stage: Stage, _ level: Double) throws -> Double {
    let errors = heldOut.filter { $0.stage == stage && $0.predictedSeconds > 0 }
      .map { abs($0.measuredSeconds - $0.predictedSeconds) / $0.predictedSeconds }.sorted()
    let rank = Int((Double(errors.count + 1) * level).rounded(.up))
    guard rank >= 1, rank <= errors.count else {
      let needed = Int((level / (1 - level)).rounded(.up))
      throw RuntimeProblem(
        "K638", seen: "there are \(errors.count) held-out points of \(stage.rawValue)",
        expected: "at least \(needed) for an interval of \(Int(level * 100)) %",
        suggestion: "profile more points, or ask for a lower level")
    }
    return errors[rank - 1]
  }

  /// Seconds as predicted; prompts that do not fit into one forward go in several.
  public static func seconds(_ forward: ForwardPredictor, _ stage: Stage, batch: Int, tokens: Int) -> Double {
    // A file may name a batch that no list of requests could be as long as.
    guard stage == .prefill else { return forward.decodeMilliseconds(batch: batch, cached: tokens) / 1_000 }
    let fitting = forward.rules.promptsTogether(tokens: tokens, batch: batch)
    let whole = forward.milliseconds(.prefill(batch: fitting, tokens: tokens))
    let rest = batch % fitting == 0 ? 0 : forward.milliseconds(.prefill(batch: batch % fitting, tokens: tokens))
    return (Double(batch / fitting) * whole + rest) / 1_000
  }
}

/// A predicted time with its interval and the predictor's error where it was tested.
public struct ThroughputEstimate: Sendable {
  public let stage: MeasuredThroughput.Stage
  public let batch: Int
  public let tokens: Int
  public let seconds: Double
  public let lowSeconds: Double
  public let highSeconds: Double
  /// Coverage of the interval.
  public let level: Double
  public let reach: Reach
  /// The held-out points of the stage.
  public let heldOut: PredictionAccuracy

  /// How far a prediction goes from what was measured.
  public enum Reach: String, Sendable {
    /// Forwards around it were measured, and the interval is theirs.
    case tested
    /// Its parts were profiled, but no forward of this size was measured.
    case profiled
    /// More than was profiled: the interval is wide because of it.
    case beyond
  }

  /// Tokens a second: of the prompts in prefill, one a request in decode.
  public var tokensPerSecond: Double { Double(batch) * (stage == .prefill ? Double(tokens) : 1) / seconds }
}
