import Runtime
import Testing

/// Pairs of the checks in the measure's sheet.
let lengthSheetPairs: [LengthPair] = zip([100, 200, 50, 400, 10, 300, 0, 80], [150, 100, 50, 1000, 40, 310, 5, 20])
  .enumerated().map {
    LengthPair(sample: "s\($0.offset)", uncompressedTokens: $0.element.0, compressedTokens: $0.element.1)
  }

@Suite("Length difference")
struct LengthDifferenceTests {
  @Test("D of the sheet's requests, in whole percent")
  func wholePercents() {
    #expect(lengthSheetPairs.map(\.wholePercent) == [-50, 50, 0, -150, -300, -3, nil, 75])
  }

  @Test(
    "a half goes to the even neighbour",
    arguments: [(200, 199, 0.0), (200, 197, 2.0), (40, 41, -2.0), (200, 201, 0.0), (200, 195, 2.0)])
  func halvesToEven(uncompressed: Int, compressed: Int, percent: Double) {
    let pair = LengthPair(sample: "a", uncompressedTokens: uncompressed, compressedTokens: compressed)
    #expect(pair.wholePercent == percent)
  }

  @Test("table 5's shares are of all valid requests, the dropped ones included")
  func tableFiveShares() throws {
    let result = try LengthDifference(lengthSheetPairs)
    #expect(result.valid == 7)
    #expect(result.skipped == 1)
    #expect(result.shorter.count == 2)
    #expect(result.shorter.total == 7)
    #expect(result.longer.count == 3)
    #expect(result.longer.total == 7)
    // scipy.stats.binomtest(2, 7).proportion_ci(method="wilson"), and 3 of 7
    #expect(abs(result.shorter.low - 0.08221892400405673) < 1e-12)
    #expect(abs(result.shorter.high - 0.6410655481673807) < 1e-12)
    #expect(abs(result.longer.low - 0.15821985525146975) < 1e-12)
    #expect(abs(result.longer.high - 0.7495416354723428) < 1e-12)
  }

  @Test("the increase is printed both as the mean of ratios and as the ratio of sums")
  func increase() throws {
    let result = try LengthDifference(lengthSheetPairs)
    // ratios 1.5 0.5 1 2.5 4 31/30 0.25; sums 1670 / 1140
    #expect(abs(result.meanRatio.value - (1.5 + 0.5 + 1 + 2.5 + 4 + 31.0 / 30 + 0.25) / 7) < 1e-15)
    #expect(abs(result.sumRatio.value - 1670.0 / 1140) < 1e-15)
    #expect(abs(result.meanDifference.value - (1 - result.meanRatio.value)) < 1e-15)
    let low = try #require(result.sumRatio.low)
    let high = try #require(result.sumRatio.high)
    #expect(low < result.sumRatio.value && result.sumRatio.value < high)
  }

  @Test("a compressor that changes nothing has D = 0 everywhere and both shares 0")
  func noChange() throws {
    let pairs = (1...20).map { LengthPair(sample: "\($0)", uncompressedTokens: $0 * 7, compressedTokens: $0 * 7) }
    let result = try LengthDifference(pairs)
    #expect(result.meanDifference == IntervalEstimate(value: 0, low: 0, high: 0, level: 0.95))
    #expect(result.shorter.count == 0)
    #expect(result.longer.count == 0)
    #expect(result.sumRatio == IntervalEstimate(value: 1, low: 1, high: 1, level: 0.95))
  }

  @Test("requests at the length limit are counted apart and stay in the shares")
  func cap() throws {
    let pairs = [
      LengthPair(
        sample: "a", uncompressedTokens: 1024, compressedTokens: 1024, uncompressedAtCap: true, compressedAtCap: true),
      LengthPair(sample: "b", uncompressedTokens: 1024, compressedTokens: 100, uncompressedAtCap: true),
      LengthPair(sample: "c", uncompressedTokens: 100, compressedTokens: 1024, compressedAtCap: true),
      LengthPair(sample: "d", uncompressedTokens: 10, compressedTokens: 10),
      LengthPair(sample: "e", uncompressedTokens: 0, compressedTokens: 1024, compressedAtCap: true),
    ]
    let result = try LengthDifference(pairs)
    #expect(result.atCap == .init(uncompressed: 2, compressed: 2, either: 3, both: 1))
    #expect(result.valid == 4)
    #expect(result.shorter.count == 1)
    #expect(result.longer.count == 1)
  }

  @Test("both borders of the tails belong to the tails", arguments: [(0.3, 7, 13), (0.5, 5, 15), (0.1, 9, 11)])
  func borders(threshold: Double, shorter: Int, longer: Int) throws {
    let pairs = [
      LengthPair(sample: "a", uncompressedTokens: 10, compressedTokens: shorter),
      LengthPair(sample: "b", uncompressedTokens: 10, compressedTokens: longer),
    ]
    let result = try LengthDifference(pairs, threshold: threshold)
    #expect(result.shorter.count == 1)
    #expect(result.longer.count == 1)
  }

  @Test("the greatest lengths give numbers, not a crash")
  func extremeLengths() throws {
    let result = try LengthDifference([
      LengthPair(sample: "a", uncompressedTokens: 1, compressedTokens: .max),
      LengthPair(sample: "b", uncompressedTokens: .max, compressedTokens: 0),
    ])
    #expect(result.longer.count == 1)
    #expect(result.shorter.count == 1)
    #expect(result.meanDifference.value < -1e18)
  }

  @Test("one pair has means without intervals")
  func onePair() throws {
    let result = try LengthDifference([LengthPair(sample: "a", uncompressedTokens: 4, compressedTokens: 1)])
    #expect(result.meanDifference == IntervalEstimate(value: 0.75, low: nil, high: nil, level: 0.95))
    #expect(result.sumRatio.low == nil)
  }

  @Test("nothing valid is one clear error")
  func nothingValid() {
    #expect(
      throws: RuntimeProblem(
        "K620", seen: "none of 1 requests has an uncompressed response of 1 token or more", expected: "at least one",
        suggestion: "raise `max` or choose other data")
    ) { try LengthDifference([LengthPair(sample: "a", uncompressedTokens: 0, compressedTokens: 3)]) }
    #expect(metricProblemCode { try LengthDifference([]) } == "K620")
  }

  @Test("a threshold that is no positive number is refused", arguments: [0, -0.5, .nan, .infinity])
  func badThreshold(threshold: Double) {
    #expect(metricProblemCode { try LengthDifference(lengthSheetPairs, threshold: threshold) } == "K622")
  }

  @Test("a negative length is refused with its sample")
  func negativeLength() {
    let pairs = [LengthPair(sample: "x", uncompressedTokens: 5, compressedTokens: -2)]
    #expect(throws: RuntimeProblem("K625", seen: "sample 'x' has -2 tokens", expected: "0 or more")) {
      try LengthDifference(pairs)
    }
    #expect(metricProblemCode { try LengthDistribution(pairs) } == "K625")
  }

  @Test("verbose means not better and not shorter")
  func verbose() {
    let longer = LengthPair(sample: "a", uncompressedTokens: 5, compressedTokens: 9)
    let shorter = LengthPair(sample: "a", uncompressedTokens: 5, compressedTokens: 4)
    #expect(longer.isVerbose(uncompressedScore: 0.5, compressedScore: 0.5))
    #expect(!longer.isVerbose(uncompressedScore: 0.5, compressedScore: 0.6))
    #expect(!shorter.isVerbose(uncompressedScore: 0.5, compressedScore: 0.1))
  }
}

/// The code of the problem that `body` throws; nil if it throws none.
func metricProblemCode<T>(_ body: () throws -> T) -> String? {
  do {
    _ = try body()
    return nil
  } catch { return (error as? RuntimeProblem)?.code }
}
