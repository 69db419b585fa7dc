/// A speed that is asked for: a stage, its sizes, and by whose definition.
public struct SpeedQuestion: Hashable, Sendable {
  /// Of `request` the rate is 1 over the mean end-to-end latency, so that a ratio of rates is one of latencies.
  public enum Stage: String, Sendable { case prefill, decode, request }

  public let stage: Stage
  public let style: ThroughputStyle
  public let batch: Int
  /// P of a prefill, or the tokens in the cache when a decode begins.
  public let tokens: Int
  /// Steps of a decode; in whole calls the new tokens after the first.
  public let steps: Int

  public static func prefill(tokens: Int, batch: Int, style: ThroughputStyle = .paper) -> SpeedQuestion {
    SpeedQuestion(stage: .prefill, style: style, batch: batch, tokens: tokens, steps: 0)
  }

  public static func decode(
    depth: Int, batch: Int, steps: Int, style: ThroughputStyle = .paper
  ) -> SpeedQuestion {
    SpeedQuestion(stage: .decode, style: style, batch: batch, tokens: depth, steps: steps)
  }

  /// Requests sent at one moment, with `steps` forced new tokens after the first.
  public static func request(prompt: Int, batch: Int, steps: Int) -> SpeedQuestion {
    SpeedQuestion(stage: .request, style: .vllm, batch: batch, tokens: prompt, steps: steps)
  }

  /// What one round runs.
  public var work: TimedWork {
    switch (style, stage) {
    case (_, .request): .requests(prompt: max(1, tokens), batch: batch, new: steps + 1)
    case (.paper, .prefill), (.llamaBench, .prefill): .prefill(tokens: tokens, batch: batch)
    case (.paper, .decode), (.llamaBench, .decode): .decode(depth: tokens, batch: batch, steps: steps)
    case (.trl, .prefill), (.vllm, .prefill): .requests(prompt: max(1, tokens), batch: batch, new: 1)
    case (.trl, .decode), (.vllm, .decode): .requests(prompt: max(1, tokens), batch: batch, new: steps + 1)
    }
  }

  /// Work of the same round that is subtracted from it.
  public var workBefore: TimedWork? {
    style == .trl && stage == .decode ? .requests(prompt: max(1, tokens), batch: batch, new: 1) : nil
  }

  /// Tokens a second (of requests: 1 / s) of all rounds together, by the style's arithmetic; nil where it has no result.
  public func rate(_ runs: [TimedRun]) -> Double? {
    if stage == .request {
      return TimeSpread(runs.flatMap { $0.requests.compactMap(\.endToEnd) }).flatMap { $0.mean > 0 ? 1 / $0.mean : nil }
    }
    switch style {
    case .paper:
      guard let forward = ForwardThroughput(runs.flatMap(\.forwardSeconds)) else { return nil }
      return stage == .prefill ? forward.prefill(batch: batch, prompt: tokens) : forward.decode(batch: batch)
    case .trl:
      guard stage == .decode else {
        return CallThroughput(firstTokenSeconds: runs.map(\.seconds))?.prefill(batch: batch, prompt: max(1, tokens))
      }
      return CallThroughput(
        firstTokenSeconds: runs.compactMap(\.firstTokenSeconds), callSeconds: runs.map(\.seconds), newTokens: steps + 1
      )?.decode(batch: batch)
    case .vllm:
      let rounds = runs.compactMap { ServingTimes($0.requests) }
      guard rounds.count == runs.count, !rounds.isEmpty else { return nil }
      // Rounds are one long run without the pauses between them.
      let duration = rounds.reduce(0) { $0 + $1.duration }
      let rate = { (round: ServingTimes) in self.stage == .prefill ? round.totalRate : round.outputRate }
      return rounds.reduce(0) { $0 + rate($1) * $1.duration } / duration
    case .llamaBench:
      guard let tokens = runs.first?.tokens else { return nil }
      return RepetitionThroughput(tokens: tokens, seconds: runs.map(\.seconds))?.mean
    }
  }

  /// Tokens a second of one round, for intervals; a round of few forwards has nothing to leave out.
  public func roundRate(_ run: TimedRun) -> Double? {
    let rate = rate([run]) ?? (style == .paper && run.seconds > 0 ? run.tokensPerSecond : nil)
    return rate.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
  }
}
