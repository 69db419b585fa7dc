/// The exact two-sided sign test: whether one side of pairs is better more often than chance would have it.
///
/// On answers that are right or wrong it is McNemar's exact test. Source: Conover, "Practical nonparametric statistics"
/// (1999), 3.4; ties are left out.
public struct SignTest: Equatable, Sendable {
  public let better: Int
  public let worse: Int
  public let equal: Int
  /// Two-sided, 0...1; 1 if all pairs are equal.
  public let p: Double
  /// Whether every value is 0 or 1, so that the test is McNemar's.
  public let isBinary: Bool

  /// `second[i]` against `first[i]`, both of one sample. Throws `K627`, `K620`, `K621`.
  public init(_ first: [Double], _ second: [Double]) throws {
    guard first.count == second.count else {
      throw RuntimeProblem(
        MetricProblems.unpaired, seen: "\(first.count) values paired with \(second.count)",
        expected: "as many of one side as of the other", suggestion: "join the rows by sample first")
    }
    try MetricProblems.requireFinite(first, of: "a sign test")
    try MetricProblems.requireFinite(second, of: "a sign test")
    var (better, worse) = (0, 0)
    for (a, b) in zip(first, second) {
      if b > a { better += 1 } else if b < a { worse += 1 }
    }
    self.better = better
    self.worse = worse
    equal = first.count - better - worse
    isBinary = first.allSatisfy { $0 == 0 || $0 == 1 } && second.allSatisfy { $0 == 0 || $0 == 1 }
    p = Self.twoSided(min(better, worse), of: better + worse)
  }

  /// Twice the chance of at most `fewer` heads in `total` throws of a fair coin, at most 1.
  static func twoSided(_ fewer: Int, of total: Int) -> Double {
    guard total > 0, 2 * fewer < total else { return 1 }
    // Few pairs are counted out: no rounding between a p of 1 and one below it.
    if total <= 56 {
      var (ways, sum) = (1, 0)
      for heads in 0...fewer {
        sum += ways
        ways = ways * (total - heads) / (heads + 1)
      }
      return min(1, 2 * Double(sum) / Double(1 << total))
    }
    // P(X <= k) = I_1/2(n - k, k + 1), DLMF 8.17.5.
    return min(1, 2 * StudentT.incompleteBeta(0.5, Double(total - fewer), Double(fewer + 1)))
  }
}
