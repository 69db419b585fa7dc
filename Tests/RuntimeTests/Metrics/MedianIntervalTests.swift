import Foundation
import Testing

@testable import Runtime

/// The median and its interval of order statistics.
struct MedianIntervalTests {
  @Test(
    "coverage is the binomial's: one and nine tenths to the digit",
    arguments: [
      // Ends left out and coverage of the widest row of tables of order-statistic intervals (Conover, table A3).
      (2, 0, 0.5), (3, 0, 0.75), (5, 0, 0.9375), (6, 0, 0.96875), (8, 0, 0.9921875), (9, 1, 0.9609375),
      (20, 5, 0.9586105346679688),
    ])
  func coverage(_ row: (count: Int, skipped: Int, cover: Double)) throws {
    let values = (1...row.count).map(Double.init).shuffled()
    let found = try IntervalEstimate.median(of: values)
    #expect(found.value == Double(row.count + 1) / 2)
    #expect(found.low == Double(1 + row.skipped) && found.high == Double(row.count - row.skipped))
    #expect(abs(found.level - row.cover) < 1e-12)
  }

  @Test("one value has no interval; none is a problem")
  func few() throws {
    let one = try IntervalEstimate.median(of: [3])
    #expect(one.value == 3 && one.low == nil && one.high == nil)
    #expect(throws: RuntimeProblem.self) { try IntervalEstimate.median(of: []) }
    #expect(throws: RuntimeProblem.self) { try IntervalEstimate.median(of: [1, .nan]) }
    #expect(throws: RuntimeProblem.self) { try IntervalEstimate.median(of: [1], level: 1) }
  }

  @Test("thousands of values: the normal approximation, within a rank of the exact one")
  func many() throws {
    let exact = try IntervalEstimate.median(of: (1...1_000).map(Double.init))
    let near = try IntervalEstimate.median(of: (1...1_001).map(Double.init))
    #expect(abs((exact.low ?? 0) - (near.low ?? 0)) <= 2)
    #expect(abs((exact.high ?? 0) - (near.high ?? 0)) <= 3)
  }
}
