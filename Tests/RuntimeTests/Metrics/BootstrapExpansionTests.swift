import Foundation
import Testing

@testable import Runtime

/// Bootstrap intervals of many samples, computed against drawn.
@Suite("Bootstrap expansion") struct BootstrapExpansionTests {
  /// Kinds of values: even, skewed, and with a heavy tail.
  static let kinds: [(name: String, draw: @Sendable (Double) -> Double)] = [
    ("even", { $0 }), ("skewed", { -log(1 - $0) }), ("heavy", { pow(1 - $0, -1.0 / 4) }),
    ("right or wrong", { $0 < 0.9 ? 1 : 0 }),
  ]

  private func values(_ kind: Int, seed: UInt64) -> [Double] {
    var generator = ResampleGenerator(seed: seed, resample: 7)
    return (0..<BootstrapExpansion.leastCount).map { _ in
      Self.kinds[kind].draw(Double(generator.next() >> 11) * 0x1p-53)
    }
  }

  /// Draws with 600 resamples: an end of theirs is known to about a ninth of half the interval.
  private func isNear(_ computed: IntervalEstimate, _ drawn: IntervalEstimate) throws -> Bool {
    let (low, high) = (try #require(drawn.low), try #require(drawn.high))
    let own = (low: try #require(computed.low), high: try #require(computed.high))
    let half = (high - low) / 2
    return abs(own.low - low) < 0.3 * half && abs(own.high - high) < 0.3 * half
  }

  @Test("the interval of a mean is the drawn one but for chance", arguments: 0..<4)
  func mean(kind: Int) throws {
    let (first, second) = (values(kind, seed: 1), values(kind, seed: 2))
    let bootstrap = PairedBootstrap(resamples: 600, seed: 3)
    let computed = try bootstrap.meanDifference(first, second)
    let drawn = try bootstrap.interval(count: first.count, value: computed.value) { generator in
      var sum = 0.0
      generator.drawIndices(below: UInt32(first.count)) { sum += first[$0] - second[$0] }
      return sum / Double(first.count)
    }
    #expect(computed != drawn)
    #expect(try isNear(computed, drawn))
  }

  @Test("the interval of a ratio of sums is the drawn one but for chance", arguments: 0..<4)
  func ratio(kind: Int) throws {
    let second = values(kind, seed: 4).map { $0 + 0.1 }
    let first = zip(second, values(kind, seed: 5)).map { 0.5 * $0 + $1 }
    let bootstrap = PairedBootstrap(resamples: 600, seed: 6)
    let computed = try bootstrap.sumRatio(first, second)
    let drawn = try bootstrap.interval(count: first.count, value: computed.value) { generator in
      var sums = (0.0, 0.0)
      generator.drawIndices(below: UInt32(first.count)) {
        sums.0 += first[$0]
        sums.1 += second[$0]
      }
      return sums.0 / sums.1
    }
    #expect(computed != drawn)
    #expect(try isNear(computed, drawn))
  }

  @Test("a value that outweighs all others, a sum near 0 and fewer samples are drawn")
  func drawn() throws {
    var values = values(0, seed: 8)
    #expect(BootstrapExpansion.meanQuantiles(values, at: [0.5]) != nil)
    values[3] = 1e6
    #expect(BootstrapExpansion.meanQuantiles(values, at: [0.5]) == nil)
    let around = (0..<values.count).map { $0 % 2 == 0 ? 1.0 : -0.999 }
    #expect(BootstrapExpansion.ratioQuantiles(values, around, at: [0.5]) == nil)
    let few = Array(self.values(1, seed: 9).prefix(BootstrapExpansion.leastCount - 1))
    let zeros = [Double](repeating: 0, count: few.count)
    #expect(
      try PairedBootstrap(resamples: 40, seed: 1).meanDifference(few, zeros)
        != PairedBootstrap(resamples: 40, seed: 2).meanDifference(few, zeros))
  }

  @Test("what all samples have in common has no width, and no resamples have no interval")
  func edges() throws {
    let base = values(1, seed: 10)
    let same = try PairedBootstrap().sumRatio(base.map { $0 * 2 }, base)
    let (low, high) = (try #require(same.low), try #require(same.high))
    #expect(abs(low - 2) < 1e-9 && abs(high - 2) < 1e-9)
    #expect(try PairedBootstrap(resamples: 0).sumRatio(base, base).low == nil)
    #expect(metricProblemCode { try PairedBootstrap(level: 1).sumRatio(base, base) } == "K622")
  }
}
