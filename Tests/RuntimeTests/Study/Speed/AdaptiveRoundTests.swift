import Testing

@testable import Runtime

/// When rounds end, over arms whose times are known.
@Suite("Adaptive rounds") struct AdaptiveRoundTests {
  private static let question = SpeedQuestion.prefill(tokens: 100, batch: 1, style: .llamaBench)

  private func compare(
    _ arms: SyntheticArms, _ own: TimedArm, _ baseline: TimedArm, _ limits: RoundLimits, noise: Bool = true
  ) throws -> SpeedComparison {
    try SpeedComparison(Self.question, [baseline, own], limits: limits, doesMeasureNoise: noise, now: arms.now)
  }

  @Test("arms without noise end after the least number of rounds, those of warm-up besides")
  func quiet() throws {
    let arms = SyntheticArms()
    let comparison = try compare(
      arms, arms.arm("b") { _ in 0.5 }, arms.arm("a") { $0 == 0 ? 50 : 1 },
      RoundLimits(warmups: 1, mostRounds: 100, precision: 0.03))
    #expect(comparison.end == .narrow && comparison.speeds.map { $0?.runs.count } == [6, 6])
    // The uncompressed cache runs twice a round.
    #expect(arms.rounds == ["a": 14, "b": 7])
    #expect(comparison.noise.share == 0)
    #expect(comparison.speedup(1)?.value == 2 && comparison.verdict(1) == .faster)
  }

  @Test(
    "the noisier, the more rounds: each ratio is as narrow as was asked when they end", arguments: [0.01, 0.05, 0.1])
  func noisy(share: Double) throws {
    let arms = SyntheticArms()
    let limits = RoundLimits(warmups: 0, mostRounds: 2_000, precision: 0.02)
    let comparison = try compare(
      arms, arms.arm("b", SyntheticArms.noise(share, seed: 1)), arms.arm("a", SyntheticArms.noise(share, seed: 2)),
      limits)
    #expect(comparison.end == .narrow)
    let rounds = try #require(comparison.speeds[0]).runs.count
    #expect(share == 0.01 ? rounds == 6 : rounds > 10)
    #expect(limits.isNarrow(try #require(comparison.speedup(1))))
    #expect(comparison.verdict(1) == .notDistinguishable)
  }

  @Test("a cap on rounds ends what never gets narrow", arguments: [1, 3, 7])
  func capped(rounds: Int) throws {
    let arms = SyntheticArms()
    let comparison = try compare(
      arms, arms.arm("b") { Double(1 + $0 % 2) }, arms.arm("a") { _ in 1 },
      RoundLimits(warmups: 0, mostRounds: rounds, precision: 0.01))
    #expect(comparison.end == .rounds && comparison.speeds[1]?.runs.count == rounds)
  }

  @Test("a cap on time counts preparation, and no round is begun that would pass it")
  func timed() throws {
    let arms = SyntheticArms()
    arms.preparation = 9
    let limits = RoundLimits(warmups: 1, mostRounds: 100, mostSeconds: 100)
    // A round is 30 s: the third ends at 90 s.
    let comparison = try compare(arms, arms.arm("b") { _ in 1 }, arms.arm("a") { _ in 1 }, limits)
    #expect(comparison.end == .seconds && comparison.speeds[0]?.runs.count == 2 && arms.seconds == 90)
    let short = SyntheticArms()
    let one = try compare(
      short, short.arm("b") { _ in 5 }, short.arm("a") { _ in 5 },
      RoundLimits(warmups: 0, mostRounds: 100, mostSeconds: 0.001))
    #expect(one.end == .seconds && one.speeds.map { $0?.runs.count } == [1, 1])
  }

  @Test("without anything to compare with, the rate itself has to be sure")
  func alone() throws {
    let arms = SyntheticArms()
    let limits = RoundLimits(warmups: 0, mostRounds: 50, precision: 0.01)
    let quiet = try SpeedComparison(
      Self.question, [arms.arm("a") { _ in 2 }], limits: limits, doesMeasureNoise: false, now: arms.now)
    #expect(quiet.end == .narrow && quiet.speeds[0]?.rate?.value == 50 && quiet.noise.share == nil)
    let unquiet = try SpeedComparison(
      Self.question, [arms.arm("b") { Double(1 + $0 % 2) }], limits: limits, doesMeasureNoise: false, now: arms.now)
    #expect(unquiet.end == .rounds)
  }

  @Test("a compressor that does nothing is within the noise, whatever the machine does", arguments: 1...8)
  func noOp(seed: Int) throws {
    let arms = SyntheticArms()
    // A slow spell takes whole rounds, whoever is in them.
    func spell(_ round: Int) -> Double { round % 5 < 2 ? 3 : 1 }
    let own = SyntheticArms.noise(0.02, seed: seed)
    let base = SyntheticArms.noise(0.02, seed: seed + 100)
    let comparison = try compare(
      arms, arms.arm("b") { spell($0) * own($0) }, arms.arm("a") { spell($0 / 2) * base($0) },
      RoundLimits(warmups: 0, mostRounds: 60, precision: 0.01))
    #expect(comparison.verdict(1) == .notDistinguishable)
    #expect(abs(try #require(comparison.speedup(1)).value - 1) < 0.05)
  }

  @Test("work that is cancelled leaves what was measured", arguments: 0...5)
  func cancelled(after: Int) throws {
    var done = 0
    let arms = ["a", "b"].map { label in
      TimedArm(label) {
        if done == after { throw CancellationError() }
        done += 1
        return TimedRun(seconds: 1, tokens: 1)
      }
    }
    let comparison = try SpeedComparison(
      Self.question, arms, limits: RoundLimits(warmups: 0, mostRounds: 3), doesMeasureNoise: true, now: { 0 })
    #expect(comparison.end == .cancelled)
    #expect(comparison.speeds.reduce(0) { $0 + ($1?.runs.count ?? 0) } <= after)
    #expect((comparison.speeds[0] == nil) == (after == 0))
  }

  @Test("no arms have no speeds")
  func empty() throws {
    let comparison = try SpeedComparison(
      Self.question, [], limits: RoundLimits(mostRounds: 3), doesMeasureNoise: true, now: { 0 })
    #expect(comparison.speeds.isEmpty && comparison.speedup(0) == nil && comparison.verdict(3) == .notDistinguishable)
  }
}
