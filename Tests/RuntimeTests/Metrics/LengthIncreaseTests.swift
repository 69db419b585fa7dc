import Runtime
import Testing

@Suite("Length increase (table 4)")
struct LengthIncreaseTests {
  private typealias Scores = LengthIncrease.Scores

  @Test("the increase is over the requests that grew, as a mean of ratios and as a ratio of sums")
  func increase() throws {
    let result = try LengthIncrease(lengthSheetPairs)
    // Of 100 200 50 400 10 300 0 80 and 150 100 50 1000 40 310 5 20 four grew: 1.5, 2.5, 4 and 310/300.
    #expect(result.valid == 7 && result.grown == 4)
    let ratios = [1.5, 2.5, 4, 310.0 / 300]
    let mean = try #require(result.meanRatio)
    #expect(abs(mean.value - ratios.reduce(0, +) / 4) < 1e-15)
    #expect(try mean == IntervalEstimate.mean(of: ratios))
    let sum = try #require(result.sumRatio)
    #expect(abs(sum.value - 1500.0 / 810) < 1e-15)
    #expect(try #require(sum.low) < sum.value && sum.value < #require(sum.high))
    #expect(result.verbose == nil && result.compressedScore == nil && result.scoreDifference == nil)
  }

  @Test("verbose is at least as long and no better, of all requests with scores")
  func verbose() throws {
    let pairs = [
      LengthPair(sample: "longer, worse", uncompressedTokens: 10, compressedTokens: 20),
      LengthPair(sample: "as long, as good", uncompressedTokens: 10, compressedTokens: 10),
      LengthPair(sample: "longer, better", uncompressedTokens: 10, compressedTokens: 20),
      LengthPair(sample: "shorter, worse", uncompressedTokens: 10, compressedTokens: 5),
      LengthPair(sample: "no score", uncompressedTokens: 10, compressedTokens: 30, compressedAtCap: true),
      LengthPair(sample: "skipped", uncompressedTokens: 0, compressedTokens: 30),
    ]
    let scores: [Scores?] = [
      Scores(uncompressed: 50, compressed: 40), Scores(uncompressed: 50, compressed: 50),
      Scores(uncompressed: 50, compressed: 70), Scores(uncompressed: 50, compressed: 10), nil,
      Scores(uncompressed: 50, compressed: 10),
    ]
    let result = try LengthIncrease(pairs, scores: scores)
    #expect(result.verbose == (try ShareEstimate(count: 2, total: 4)))
    #expect(result.grown == 3 && result.grownAtCap == 1)
    // The semantic score is of the requests that grew and have one.
    #expect(result.uncompressedScore?.value == 50)
    #expect(result.compressedScore?.value == 55)
    #expect(result.scoreDifference?.value == 5)
  }

  @Test("a configuration under which nothing grew has no increase")
  func nothingGrew() throws {
    let pairs = (1...5).map { LengthPair(sample: "\($0)", uncompressedTokens: 9, compressedTokens: 9) }
    let result = try LengthIncrease(pairs, scores: pairs.map { _ in Scores(uncompressed: 1, compressed: 1) })
    #expect(result.grown == 0 && result.meanRatio == nil && result.sumRatio == nil)
    #expect(result.compressedScore == nil && result.scoreDifference == nil)
    #expect(result.verbose?.count == 5)
  }

  @Test("scores that do not fit the pairs, and lengths below 0, are refused")
  func refusals() {
    #expect(metricProblemCode { try LengthIncrease(lengthSheetPairs, scores: [nil]) } == "K627")
    let negative = [LengthPair(sample: "a", uncompressedTokens: -1, compressedTokens: 1)]
    #expect(metricProblemCode { try LengthIncrease(negative) } == "K625")
    let strange = [LengthPair(sample: "a", uncompressedTokens: 1, compressedTokens: 2)]
    #expect(
      metricProblemCode {
        try LengthIncrease(strange, scores: [Scores(uncompressed: .nan, compressed: 1)])
      } == "K621")
  }
}
