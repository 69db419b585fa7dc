/// The length of one response.
public struct ResponseLength: Equatable, Sendable {
  /// Identifier of the request, the same in every configuration.
  public var sample: String
  /// New tokens of the response.
  public var tokens: Int
  /// True when generation stopped at the length limit, so that the response might have gone on.
  public var atCap: Bool

  public init(sample: String, tokens: Int, atCap: Bool) {
    self.sample = sample
    self.tokens = tokens
    self.atCap = atCap
  }
}

/// The lengths of the responses to one request, without and with compression.
public struct LengthPair: Equatable, Sendable {
  public var sample: String
  /// L_un, in new tokens.
  public var uncompressedTokens: Int
  /// L_cs, in new tokens.
  public var compressedTokens: Int
  public var uncompressedAtCap: Bool
  public var compressedAtCap: Bool

  public init(
    sample: String, uncompressedTokens: Int, compressedTokens: Int, uncompressedAtCap: Bool = false,
    compressedAtCap: Bool = false
  ) {
    self.sample = sample
    self.uncompressedTokens = uncompressedTokens
    self.compressedTokens = compressedTokens
    self.uncompressedAtCap = uncompressedAtCap
    self.compressedAtCap = compressedAtCap
  }

  /// D = (L_un - L_cs) / L_un as a fraction, at most 1; nil when L_un is 0. Negative: compression made it longer.
  public var difference: Double? {
    uncompressedTokens == 0
      ? nil : (Double(uncompressedTokens) - Double(compressedTokens)) / Double(uncompressedTokens)
  }

  /// D in percent as a whole number, halves to even (figure 4); nil when L_un is 0.
  public var wholePercent: Double? {
    guard uncompressedTokens != 0 else { return nil }
    let percent = 100 * (Double(uncompressedTokens) - Double(compressedTokens)) / Double(uncompressedTokens)
    // Adding 0 turns -0 into 0.
    return percent.rounded(.toNearestOrEven) + 0
  }

  /// L_cs / L_un; nil when L_un is 0.
  public var ratio: Double? {
    uncompressedTokens == 0 ? nil : Double(compressedTokens) / Double(uncompressedTokens)
  }

  /// Longer and not better: Q_cs <= Q_un and L_cs >= L_un (section 4.3).
  public func isVerbose(uncompressedScore: Double, compressedScore: Double) -> Bool {
    compressedScore <= uncompressedScore && compressedTokens >= uncompressedTokens
  }
}

/// The pairs of two configurations, joined by sample and never by row number.
public struct LengthPairing: Equatable, Sendable {
  /// In the order of the uncompressed rows.
  public let pairs: [LengthPair]
  /// Samples that only one side has, in its order.
  public let uncompressedOnly: [String]
  public let compressedOnly: [String]

  /// Throws `K623` (a sample twice on one side), `K624` (no sample in common), `K625` (a negative length).
  public init(uncompressed: [ResponseLength], compressed: [ResponseLength]) throws {
    let compressedBySample = try Self.bySample(compressed, side: "compressed")
    let uncompressedBySample = try Self.bySample(uncompressed, side: "uncompressed")
    var pairs: [LengthPair] = []
    var alone: [String] = []
    for baseline in uncompressed {
      guard let other = compressedBySample[baseline.sample] else {
        alone.append(baseline.sample)
        continue
      }
      pairs.append(
        LengthPair(
          sample: baseline.sample, uncompressedTokens: baseline.tokens, compressedTokens: other.tokens,
          uncompressedAtCap: baseline.atCap, compressedAtCap: other.atCap))
    }
    guard !pairs.isEmpty else {
      throw RuntimeProblem(
        MetricProblems.noCommonSample,
        seen: "\(compressed.count) compressed and \(uncompressed.count) uncompressed rows share no sample",
        expected: "rows of the same samples", suggestion: "run both on the same data with the same n and seed")
    }
    self.pairs = pairs
    uncompressedOnly = alone
    compressedOnly = compressed.map(\.sample).filter { uncompressedBySample[$0] == nil }
  }

  private static func bySample(_ rows: [ResponseLength], side: String) throws -> [String: ResponseLength] {
    var found: [String: ResponseLength] = [:]
    for row in rows {
      if row.tokens < 0 {
        throw RuntimeProblem(
          MetricProblems.negativeLength, seen: "\(side) sample '\(row.sample)' has \(row.tokens) tokens",
          expected: "0 or more")
      }
      if found.updateValue(row, forKey: row.sample) != nil {
        throw RuntimeProblem(
          MetricProblems.duplicateSample, seen: "sample '\(row.sample)' occurs twice among the \(side) rows",
          expected: "one row per sample", suggestion: "keep one run per configuration with `where`")
      }
    }
    return found
  }
}
