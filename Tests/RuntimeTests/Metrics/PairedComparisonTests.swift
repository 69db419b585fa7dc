import Testing

@testable import Runtime

@Suite("Paired comparison")
struct PairedComparisonTests {
  // Python: min(1, 2 * Fraction(sum(comb(n, i) for i in range(k + 1)), 2**n))
  static let signs: [(Int, Int, Double)] = [
    (0, 5, 0.0625), (1, 9, 0.0390625), (2, 11, 0.0654296875), (5, 10, 1), (8, 30, 0.016124801710247993),
    (40, 100, 0.05688793364098078), (480, 1000, 0.21744829320414094), (0, 0, 1), (3, 4, 1),
  ]

  @Test("the sign test is the exact binomial one", arguments: signs)
  func signTest(fewer: Int, total: Int, p: Double) {
    #expect(abs(SignTest.twoSided(fewer, of: total) - p) < 1e-10)
  }

  @Test("better, worse and equal are counted from the second side, and right-or-wrong answers make it McNemar's")
  func counts() throws {
    let test = try SignTest([0, 1, 1, 1, 0], [1, 0, 0, 1, 0])
    #expect(test.better == 1 && test.worse == 2 && test.equal == 2 && test.isBinary)
    #expect(abs(test.p - 1) < 1e-12)
    #expect(try !SignTest([0.5], [1]).isBinary)
  }

  @Test("a clear difference is decided and asks for no more samples")
  func decided() throws {
    let first = (0..<100).map { Double($0 % 7) }
    let comparison = try PairedComparison(first, first.map { $0 - 1 - ($0 == 3 ? 1 : 0) })
    #expect(comparison.isDecided && comparison.neededPairs == nil)
    #expect(comparison.difference.value < -1 && comparison.test.worse == 100)
    #expect(comparison.firstMean > comparison.secondMean)
  }

  @Test("an undecided difference says how many pairs would settle it")
  func undecided() throws {
    // Differences of mean 0.1 and sample deviation about 1: (2.8016 s / d)^2 is near 785.
    let second = (0..<40).map { $0 % 2 == 0 ? 1.1 : -0.9 }
    let comparison = try PairedComparison([Double](repeating: 0, count: 40), second)
    #expect(!comparison.isDecided)
    let needed = try #require(comparison.neededPairs)
    let spread = (40.0 / 39).squareRoot()
    let expected = (2.801585218 * spread / 0.1) * (2.801585218 * spread / 0.1)
    #expect(abs(Double(needed) - expected) <= 1)
  }

  @Test("no difference at all is not decided and needs no number of samples; one pair has no interval")
  func none() throws {
    let same = try PairedComparison([1, 2, 3], [1, 2, 3])
    #expect(!same.isDecided && same.neededPairs == nil && same.test.p == 1 && same.difference.value == 0)
    let one = try PairedComparison([1], [0])
    #expect(!one.isDecided && one.difference.low == nil && one.neededPairs == nil)
  }

  @Test("lists that do not pair, no values and NaN are errors")
  func hostile() {
    #expect(metricProblemCode { try PairedComparison([1], []) } == "K627")
    #expect(metricProblemCode { try PairedComparison([], []) } == "K620")
    #expect(metricProblemCode { try PairedComparison([1, .nan], [1, 1]) } == "K621")
    #expect(metricProblemCode { try PairedComparison([1, 2], [1, .infinity]) } == "K621")
  }
}
