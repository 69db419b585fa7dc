import Testing

@testable import Runtime

@Suite("Means, quantiles and shares")
struct StatisticsTests {
  @Test("the mean's interval is Student's")
  func mean() throws {
    // scipy.stats.t.interval(0.95, 4, loc=mean, scale=sem)
    let estimate = try IntervalEstimate.mean(of: [1, 2, 4, 8, 9.5])
    #expect(estimate.value == 4.9)
    #expect(abs(try #require(estimate.low) - 0.2874229670163855) < 1e-10)
    #expect(abs(try #require(estimate.high) - 9.512577032983614) < 1e-10)
  }

  @Test(
    "t quantiles agree with SciPy",
    arguments: [
      (0.975, 1.0, 12.706204736174694), (0.975, 2, 4.302652729749462), (0.975, 9, 2.262157162798205),
      (0.975, 29, 2.045229642132703), (0.975, 999, 1.9623414611334493), (0.995, 4, 4.604094871349992),
      (0.95, 7, 1.8945786050900062), (0.05, 7, -1.8945786050900062),
    ])
  func studentT(p: Double, degrees: Double, expected: Double) {
    #expect(abs(StudentT.quantile(p, degreesOfFreedom: degrees) / expected - 1) < 1e-9)
  }

  @Test(
    "normal quantiles agree with SciPy",
    arguments: [
      (0.975, 1.959963984540054), (0.995, 2.5758293035489004), (0.95, 1.6448536269514722), (0.5, 0.0),
      (0.001, -3.090232306167813), (1e-10, -6.361340902404056),
    ])
  func normal(p: Double, expected: Double) {
    #expect(abs(StandardNormal.quantile(p) - expected) < 1e-9)
  }

  @Test(
    "Wilson intervals agree with SciPy",
    arguments: [
      // scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
      (0, 10, 0.0, 0.27753279986288926), (10, 10, 0.7224672001371109, 1.0),
      (109, 1000, 0.09116003338451377, 0.12983249175119033),
    ])
  func wilson(count: Int, total: Int, low: Double, high: Double) throws {
    let share = try ShareEstimate(count: count, total: total)
    #expect(abs(share.low - low) < 1e-12)
    #expect(abs(share.high - high) < 1e-12)
    #expect(share.value == Double(count) / Double(total))
  }

  @Test("a share's interval stays within 0 and 1 up to the greatest counts")
  func wilsonExtremes() throws {
    let share = try ShareEstimate(count: .max, total: .max)
    #expect(share.high == 1)
    #expect(share.low > 0.999)
    #expect(metricProblemCode { try ShareEstimate(count: 0, total: 0) } == "K626")
    #expect(metricProblemCode { try ShareEstimate(count: 3, total: 2) } == "K626")
    #expect(metricProblemCode { try ShareEstimate(count: -1, total: 2) } == "K626")
    #expect(metricProblemCode { try ShareEstimate(count: 1, total: 2, level: 1) } == "K622")
    #expect(metricProblemCode { try ShareEstimate(count: 1, total: 2, level: .nan) } == "K622")
  }

  @Test("quantiles interpolate as NumPy's do", arguments: [(0.0, 1.0), (0.1, 1.0), (0.5, 3.0), (0.9, 6.6), (1.0, 9.0)])
  func quantile(p: Double, expected: Double) throws {
    // numpy.quantile([3, 1, 4, 1, 5, 9, 2], p)
    #expect(abs(try Quantile.of([3, 1, 4, 1, 5, 9, 2], at: p) - expected) < 1e-14)
  }

  @Test("quantiles of one value and of the greatest numbers are finite")
  func quantileExtremes() throws {
    #expect(try Quantile.of([7], at: 0.3) == 7)
    #expect(try Quantile.of([-1.7e308, 1.7e308], at: 0.5) == 0)
    #expect(metricProblemCode { try Quantile.of([], at: 0.5) } == "K620")
    #expect(metricProblemCode { try Quantile.of([1, .nan], at: 0.5) } == "K621")
    #expect(metricProblemCode { try Quantile.of([1], at: 1.01) } == "K622")
    #expect(metricProblemCode { try Quantile.of([1], at: .nan) } == "K622")
  }

  @Test("a mean says which value is not a number")
  func notANumber() {
    #expect(
      throws: RuntimeProblem(
        "K621", seen: "the mean: value 2 of 3 is nan", expected: "finite numbers",
        suggestion: "drop such rows with `where`")
    ) { try IntervalEstimate.mean(of: [1, .nan, 3]) }
    #expect(metricProblemCode { try IntervalEstimate.mean(of: []) } == "K620")
    #expect(metricProblemCode { try IntervalEstimate.mean(of: [1.7e308, 1.7e308]) } == "K628")
    #expect(metricProblemCode { try IntervalEstimate.mean(of: [1, 2], level: 0) } == "K622")
  }

  @Test("every code is explained once, in order")
  func table() {
    let codes = MetricProblems.all.map(\.code)
    #expect(codes == (620...628).map { "K\($0)" })
    for entry in MetricProblems.all {
      #expect(!entry.title.isEmpty)
      #expect(entry.explanation.hasSuffix("."))
    }
  }
}
