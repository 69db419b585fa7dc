import Runtime
import Testing

@Suite("Empirical distribution (figure 5)")
struct EmpiricalDistributionTests {
  @Test("the share at or below each value, ties together")
  func shares() throws {
    let result = try EmpiricalDistribution([3, 1, 2, 2])
    #expect(result.values == [1, 2, 3])
    #expect(result.shares == [0.25, 0.75, 1])
    #expect(result.count == 4)
    for (value, share) in [(0.9, 0.0), (1, 0.25), (1.9, 0.25), (2, 0.75), (3, 1), (9, 1)] {
      #expect(result.share(atOrBelow: value) == share)
    }
  }

  @Test("quantiles are NumPy's")
  func quantiles() throws {
    // numpy.quantile([1, 2, 2, 3, 10], [0, 0.25, 0.5, 0.9, 1])
    let result = try EmpiricalDistribution([10, 1, 2, 3, 2])
    for (p, value) in [(0, 1.0), (0.25, 2), (0.5, 2), (0.9, 7.2), (1, 10)] {
      #expect(abs(result.quantile(p) - value) < 1e-12)
    }
    #expect(result.quantile(-1) == 1 && result.quantile(7) == 10)
  }

  @Test("a curve of many values keeps both ends and is on the curve", arguments: [2, 7, 100])
  func thinned(most: Int) throws {
    let result = try EmpiricalDistribution((0..<1_000).map { Double($0 * $0) })
    let points = result.points(most: most)
    #expect(points.count == most)
    #expect(points.first?.value == 0 && points.last?.value == 998_001 && points.last?.share == 1)
    for point in points { #expect(result.share(atOrBelow: point.value) == point.share) }
    #expect(try EmpiricalDistribution([5]).points(most: most).count == 1)
  }

  @Test("no values, and values that are not finite, are refused")
  func refusals() {
    #expect(metricProblemCode { try EmpiricalDistribution([]) } == "K620")
    #expect(metricProblemCode { try EmpiricalDistribution([1, .infinity]) } == "K621")
  }
}
