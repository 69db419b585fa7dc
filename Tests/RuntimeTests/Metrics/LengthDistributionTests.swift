import Runtime
import Testing

@Suite("Distribution of length differences (figure 4)")
struct LengthDistributionTests {
  @Test("requests beyond the clip are dropped and counted, never clamped")
  func dropped() throws {
    let result = try LengthDistribution(lengthSheetPairs)
    #expect(result.percents == [-50, 50, 0, -150, -3, 75])
    #expect(result.dropped == 1)
    #expect(result.skipped == 1)
    #expect(result.noCurve == nil)
    let wide = try LengthDistribution(lengthSheetPairs, options: .init(clipPercent: 300))
    #expect(wide.dropped == 0)
    #expect(wide.percents.contains(-300))
  }

  @Test("the sheet's histogram")
  func histogram() throws {
    let histogram = try #require(try LengthDistribution(lengthSheetPairs).histogram)
    #expect(histogram.edges.count == 21)
    #expect(histogram.edges[0] == -150)
    #expect(histogram.edges[1] == -138.75)
    #expect(histogram.edges[20] == 75)
    // numpy.histogram([-50, 50, 0, -150, -3, 75], 20)
    #expect(histogram.counts == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1])
    #expect(abs(histogram.densities[0] - 0.0148148) < 5e-8)
    #expect(abs(histogram.densities[13] - 0.0296296) < 5e-8)
  }

  @Test("the sheet's density curve")
  func curve() throws {
    let curve = try #require(try LengthDistribution(lengthSheetPairs).curve)
    #expect(curve.x.count == 200)
    #expect(curve.x[0] == -150)
    #expect(curve.x[199] == 75)
    #expect(abs(curve.x[100] - -36.9347) < 5e-5)
    #expect(abs(curve.bandwidth - 56.010895) < 5e-7)
    #expect(abs(curve.density[0] - 0.00150147) < 5e-9)
    #expect(abs(curve.density[100] - 0.00377027) < 5e-9)
    #expect(abs(curve.density[199] - 0.00329491) < 5e-9)
  }

  @Test(
    "other bandwidth rules agree with SciPy",
    arguments: [
      // scipy.stats.gaussian_kde(d, "silverman") and gaussian_kde(d, 0.25) on the same grid
      (KernelDensity.Bandwidth.silverman, 59.32807585176589, [0.00149404, 0.00372316, 0.00324514]),
      (.factor(0.25), 20.03746490951388, [0.00331832, 0.00408087, 0.00484668]),
    ])
  func bandwidths(rule: KernelDensity.Bandwidth, width: Double, densities: [Double]) throws {
    let curve = try #require(try LengthDistribution(lengthSheetPairs, options: .init(bandwidth: rule)).curve)
    #expect(abs(curve.bandwidth - width) < 1e-9)
    for (index, density) in zip([0, 100, 199], densities) { #expect(abs(curve.density[index] - density) < 5e-9) }
  }

  @Test("equal lengths give no curve and say why")
  func noCurve() throws {
    let pairs = (1...5).map { LengthPair(sample: "\($0)", uncompressedTokens: 9, compressedTokens: 9) }
    let same = try LengthDistribution(pairs)
    #expect(same.percents == [0, 0, 0, 0, 0])
    #expect(same.curve == nil)
    #expect(same.noCurve == .allEqual)
    #expect(same.histogram?.counts.reduce(0, +) == 5)
    #expect(try LengthDistribution(Array(pairs.prefix(1))).noCurve == .oneValue)
    let none = try LengthDistribution([])
    #expect(none.noCurve == .noValues)
    #expect(none.histogram == nil)
  }

  @Test("options out of range are refused before anything is computed")
  func badOptions() {
    #expect(metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(clipPercent: -1)) } == "K622")
    #expect(metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(clipPercent: .nan)) } == "K622")
    #expect(metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(bins: 0)) } == "K622")
    #expect(metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(points: 1)) } == "K622")
    #expect(
      metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(bandwidth: .factor(0))) } == "K622")
    #expect(
      metricProblemCode { try LengthDistribution(lengthSheetPairs, options: .init(bandwidth: .factor(.nan))) } == "K622"
    )
  }
}

@Suite("Histogram and density curve")
struct HistogramTests {
  @Test("values on an edge fall where NumPy puts them")
  func edges() throws {
    // numpy.histogram([0.1 * i for i in range(11)], 10)
    let tenths = try Histogram((0...10).map { 0.1 * Double($0) }, bins: 10)
    #expect(tenths.counts == [1, 1, 1, 1, 1, 1, 1, 1, 1, 2])
    // numpy.histogram([5, 5, 5], 4)
    let same = try Histogram([5, 5, 5], bins: 4)
    #expect(same.edges == [4.5, 4.75, 5, 5.25, 5.5])
    #expect(same.counts == [0, 0, 3, 0])
    #expect(same.densities == [0, 0, 4, 0])
  }

  @Test("a value on an edge opens its bin though rounding puts it one lower", arguments: [20, 33, 37])
  func ownEdges(bins: Int) throws {
    // numpy.histogram([i * (0.7 / bins) for i in range(bins)] + [0.7], bins); the shortcut formula alone misplaces 7 of 20
    let edges = (0..<bins).map { Double($0) * (0.7 / Double(bins)) } + [0.7]
    let counts = try Histogram(edges, bins: bins).counts
    #expect(counts == [Int](repeating: 1, count: bins - 1) + [2])
  }

  @Test("the areas add up to one", arguments: [1, 2, 7, 20, 1000])
  func area(bins: Int) throws {
    let values = (0..<313).map { Double(($0 * $0) % 101) - 40.5 }
    let histogram = try Histogram(values, bins: bins)
    let area = histogram.densities.indices.reduce(0) {
      $0 + histogram.densities[$1] * (histogram.edges[$1 + 1] - histogram.edges[$1])
    }
    #expect(abs(area - 1) < 1e-12)
    #expect(histogram.counts.reduce(0, +) == 313)
  }

  @Test("empty, NaN, infinite and overflowing input are errors, not crashes")
  func hostile() {
    #expect(metricProblemCode { try Histogram([]) } == "K620")
    #expect(metricProblemCode { try Histogram([1, .nan]) } == "K621")
    #expect(metricProblemCode { try Histogram([1, .infinity]) } == "K621")
    #expect(metricProblemCode { try Histogram([-1e308, 1e308]) } == "K628")
    #expect(metricProblemCode { try Histogram([1e300, 1e300]) } == "K628")
    #expect(metricProblemCode { try Histogram([1], bins: .max) } == "K622")
    #expect(metricProblemCode { try KernelDensity([]) } == "K620")
    #expect(metricProblemCode { try KernelDensity([1, 2, .nan]) } == "K621")
    #expect(metricProblemCode { try KernelDensity([-1e308, 1e308]) } == "K628")
  }
}
