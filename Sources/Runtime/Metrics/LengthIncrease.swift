/// Table 4 of the second paper for one configuration: how much longer the responses are that became longer, and whether
/// they became better by it.
///
/// Source: section 4.3 and the sheet `length`. The paper gives no formula for the increase: the mean of L_cs / L_un over
/// the requests that grew and the ratio of the sums are both here.
public struct LengthIncrease: Equatable, Sendable {
  /// Scores of the two responses to one request, on any scale on which more is better.
  public struct Scores: Equatable, Sendable {
    public var uncompressed: Double
    public var compressed: Double

    public init(uncompressed: Double, compressed: Double) {
      self.uncompressed = uncompressed
      self.compressed = compressed
    }
  }

  /// Requests with L_un > 0.
  public let valid: Int
  /// Valid requests with L_cs > L_un: those that the increase and the scores are of.
  public let grown: Int
  /// Grown requests whose compressed response stopped at the length limit: their increase is at least this.
  public let grownAtCap: Int
  /// Mean of L_cs / L_un over the grown requests; nil if none grew.
  public let meanRatio: IntervalEstimate?
  /// sum(L_cs) / sum(L_un) over the grown requests.
  public let sumRatio: IntervalEstimate?
  /// Valid requests with Q_cs <= Q_un and L_cs >= L_un, of those with scores; nil if none has.
  public let verbose: ShareEstimate?
  /// Mean scores over the grown requests with scores.
  public let uncompressedScore: IntervalEstimate?
  public let compressedScore: IntervalEstimate?
  /// mean(Q_cs - Q_un) over the same requests, paired.
  public let scoreDifference: IntervalEstimate?

  /// - Parameter scores: one entry a pair, nil where a response has no score; empty if none has.
  /// - Throws: `RuntimeProblem` K625 (a negative length), K627 (other counts), K621 (a score is not finite), K622.
  public init(_ pairs: [LengthPair], scores: [Scores?] = [], bootstrap: PairedBootstrap = PairedBootstrap()) throws {
    try LengthDifference.requireLengths(pairs)
    guard scores.isEmpty || scores.count == pairs.count else {
      throw RuntimeProblem(
        MetricProblems.unpaired, seen: "\(scores.count) scores of \(pairs.count) pairs", expected: "one a pair")
    }
    let scores = scores.isEmpty ? Array(repeating: nil, count: pairs.count) : scores
    let used = zip(pairs, scores).filter { $0.0.uncompressedTokens > 0 }
    let grown = used.filter { $0.0.compressedTokens > $0.0.uncompressedTokens }
    let level = bootstrap.level
    valid = used.count
    self.grown = grown.count
    grownAtCap = grown.count { $0.0.compressedAtCap }
    meanRatio = grown.isEmpty ? nil : try .mean(of: grown.compactMap { $0.0.ratio }, level: level)
    sumRatio =
      grown.isEmpty
      ? nil
      : try bootstrap.sumRatio(
        grown.map { Double($0.0.compressedTokens) }, grown.map { Double($0.0.uncompressedTokens) })
    let judged = used.compactMap { pair, scores in scores.map { (pair, $0) } }
    let wordy = judged.count {
      $0.0.isVerbose(uncompressedScore: $0.1.uncompressed, compressedScore: $0.1.compressed)
    }
    verbose = judged.isEmpty ? nil : try ShareEstimate(count: wordy, total: judged.count, level: level)
    let scored = grown.compactMap(\.1)
    uncompressedScore = scored.isEmpty ? nil : try .mean(of: scored.map(\.uncompressed), level: level)
    compressedScore = scored.isEmpty ? nil : try .mean(of: scored.map(\.compressed), level: level)
    scoreDifference =
      scored.isEmpty ? nil : try bootstrap.meanDifference(scored.map(\.compressed), scored.map(\.uncompressed))
  }
}
