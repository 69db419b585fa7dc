import Testing

@testable import Runtime

/// Which speed-ups are told from the machine's own noise.
@Suite("Noise floor") struct NoiseFloorTests {
  private static func ratio(_ value: Double, _ low: Double?, _ high: Double?, level: Double = 0.95) -> IntervalEstimate
  {
    IntervalEstimate(value: value, low: low, high: high, level: level)
  }

  @Test(
    "the floor is the larger factor by which A over A leaves 1",
    arguments: [(1.0, 0.99, 1.02, 0.02), (1, 0.8, 1.1, 0.25), (1, 1, 1, 0), (1.03, 1.01, 1.05, 0.05)])
  func floor(value: Double, low: Double, high: Double, expected: Double) throws {
    #expect(abs(try #require(NoiseFloor(Self.ratio(value, low, high)).share) - expected) < 1e-12)
  }

  @Test("without an interval there is no floor, and nothing is told")
  func unknown() {
    for floor in [NoiseFloor(nil), NoiseFloor(Self.ratio(1, nil, nil)), NoiseFloor(Self.ratio(1, 0, 2))] {
      #expect(floor.share == nil && floor.verdict(Self.ratio(5, 4, 6)) == .notDistinguishable)
    }
  }

  struct Case: Sendable {
    let speedup: IntervalEstimate?
    let verdict: SpeedVerdict
  }

  static let cases = [
    Case(speedup: ratio(1.2, 1.1, 1.3), verdict: .faster), Case(speedup: ratio(0.8, 0.7, 0.9), verdict: .slower),
    // Its interval holds 1.
    Case(speedup: ratio(1.2, 0.99, 1.4), verdict: .notDistinguishable),
    Case(speedup: ratio(0.8, 0.5, 1), verdict: .notDistinguishable),
    // Its interval leaves 1 out, but so would noise.
    Case(speedup: ratio(1.04, 1.03, 1.06), verdict: .notDistinguishable),
    Case(speedup: ratio(0.96, 0.955, 0.97), verdict: .notDistinguishable),
    Case(speedup: ratio(0.95, 0.94, 0.96), verdict: .slower),
    // Four rounds.
    Case(speedup: ratio(2, 1.9, 2.1, level: 0.875), verdict: .notDistinguishable),
    Case(speedup: ratio(2, nil, nil), verdict: .notDistinguishable), Case(speedup: nil, verdict: .notDistinguishable),
  ]

  @Test("a floor of 5 %: within it, or with an interval that holds 1, nothing is told", arguments: cases)
  func verdict(_ each: Case) {
    let floor = NoiseFloor(Self.ratio(1, 0.97, 1.05))
    #expect(floor.verdict(each.speedup) == each.verdict)
  }
}
