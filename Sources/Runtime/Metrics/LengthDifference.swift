/// How much longer or shorter one configuration's responses are than the baseline's (section 4.3, tables 4 and 5).
///
/// D = (L_un - L_cs) / L_un per request; negative means that compression made the response longer. Requests with
/// L_un = 0 are skipped and counted. Requests at the length limit stay in (their D is a bound) and are counted apart.
public struct LengthDifference: Equatable, Sendable {
  /// Requests that stopped at the length limit, among the valid ones.
  public struct AtCap: Equatable, Sendable {
    public var uncompressed = 0
    public var compressed = 0
    /// At the limit in at least one of the two.
    public var either = 0
    public var both = 0

    public init(uncompressed: Int = 0, compressed: Int = 0, either: Int = 0, both: Int = 0) {
      self.uncompressed = uncompressed
      self.compressed = compressed
      self.either = either
      self.both = both
    }
  }

  /// The tail's border t, a fraction.
  public let threshold: Double
  /// Requests with L_un > 0: the denominator of both shares.
  public let valid: Int
  /// Requests with L_un = 0.
  public let skipped: Int
  /// D >= t.
  public let shorter: ShareEstimate
  /// D <= -t.
  public let longer: ShareEstimate
  /// Mean of D, a fraction, with its t interval.
  public let meanDifference: IntervalEstimate
  /// Mean of L_cs / L_un with its t interval: the length increase of table 4 as kvsh reads it.
  public let meanRatio: IntervalEstimate
  /// sum(L_cs) / sum(L_un) with its paired bootstrap interval.
  public let sumRatio: IntervalEstimate
  public let atCap: AtCap

  /// Throws `K622` (threshold not above 0, level, resamples), `K625` (a negative length), `K620` (no valid pair).
  public init(_ pairs: [LengthPair], threshold: Double = 0.5, bootstrap: PairedBootstrap = PairedBootstrap()) throws {
    guard threshold > 0, threshold.isFinite else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "a length threshold of \(threshold)", expected: "a fraction above 0",
        suggestion: "use threshold=0.5, which is 50 %")
    }
    try Self.requireLengths(pairs)
    let differences = pairs.compactMap(\.difference)
    let ratios = pairs.compactMap(\.ratio)
    guard !differences.isEmpty else {
      throw RuntimeProblem(
        MetricProblems.noValues,
        seen: "none of \(pairs.count) requests has an uncompressed response of 1 token or more",
        expected: "at least one", suggestion: "raise `max` or choose other data")
    }
    let used = pairs.filter { $0.uncompressedTokens > 0 }
    self.threshold = threshold
    valid = differences.count
    skipped = pairs.count - differences.count
    let level = bootstrap.level
    shorter = try ShareEstimate(count: differences.count { $0 >= threshold }, total: valid, level: level)
    longer = try ShareEstimate(count: differences.count { $0 <= -threshold }, total: valid, level: level)
    meanDifference = try .mean(of: differences, level: level)
    meanRatio = try .mean(of: ratios, level: level)
    sumRatio = try bootstrap.sumRatio(
      used.map { Double($0.compressedTokens) }, used.map { Double($0.uncompressedTokens) })
    atCap = AtCap(
      uncompressed: used.count { $0.uncompressedAtCap }, compressed: used.count { $0.compressedAtCap },
      either: used.count { $0.uncompressedAtCap || $0.compressedAtCap },
      both: used.count { $0.uncompressedAtCap && $0.compressedAtCap })
  }

  static func requireLengths(_ pairs: [LengthPair]) throws {
    for pair in pairs where pair.uncompressedTokens < 0 || pair.compressedTokens < 0 {
      throw RuntimeProblem(
        MetricProblems.negativeLength,
        seen: "sample '\(pair.sample)' has \(min(pair.uncompressedTokens, pair.compressedTokens)) tokens",
        expected: "0 or more")
    }
  }
}
