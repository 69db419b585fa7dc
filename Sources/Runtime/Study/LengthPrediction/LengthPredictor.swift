/// Trained models of response lengths, one a configuration, with what they are worth.
public struct LengthPredictor: Codable, Equatable, Sendable {
  /// Raised when the stored form changes.
  public static let version = 1

  /// What predicts one configuration's lengths.
  public struct Entry: Codable, Equatable, Sendable {
    public let configuration: String
    public let regression: LengthRegression
    /// L_cs / L_un; nil for the baseline itself, or without one.
    public let ratio: LengthRegression?
    /// Over held-out requests: the mean over salts.
    public let score: LengthScore
    /// Of the best constant on the same requests.
    public let constantScore: LengthScore
  }

  public let version: Int
  public let features: LengthFeatures.Text
  /// The encoder's name and the numbers of its embedding; nil for hashed words.
  public let encoder: String?
  public let requests: Int
  /// Coverage the intervals are made for.
  public let level: Double
  public let entries: [Entry]

  public init(
    features: LengthFeatures.Text, encoder: String?, requests: Int, level: Double, entries: [Entry]
  ) {
    version = Self.version
    self.features = features
    self.encoder = encoder
    self.requests = requests
    self.level = level
    self.entries = entries
  }

  /// Features that a row must have; 0 without an entry.
  public var width: Int { entries.first?.regression.ridge.weights.count ?? 0 }

  /// Whether all parts fit together, which of a stored one has to be checked.
  public var isSound: Bool {
    !entries.isEmpty && (0.01...0.999).contains(level)
      && entries.allSatisfy { entry in
        ([entry.regression] + [entry.ratio].compactMap { $0 }).allSatisfy { $0.isSound(width: width) }
      }
  }
}

/// How good predictions of one configuration's lengths were, over requests that no model had seen.
public struct LengthScore: Codable, Equatable, Sendable {
  /// The paper's accuracy in percent, and the artifact's.
  public var accuracy: Double
  public var codeAccuracy: Double
  /// Standard deviation of `accuracy` over the salts; 0 for one.
  public var deviation: Double
  /// Median of |predicted - L| / L in percent.
  public var medianError: Double
  /// Spearman's rank correlation; nil where predictions are all alike.
  public var rankCorrelation: Double?
  /// Share of true lengths inside their interval; nil for predictions without one.
  public var coverage: Double?
  /// Of requests whose length the compressor changed, how often the direction was right; nil without a baseline.
  public var directionRight: Double?
  /// Requests held out, on average.
  public var tested: Double

  /// Scores of one split.
  ///
  /// - Throws: `RuntimeProblem` as `LengthAccuracy`.
  init(
    _ predicted: [Double], _ lengths: [Double], intervals: [ClosedRange<Double>]? = nil,
    direction: (predicted: [Double], truth: [Double])? = nil
  ) throws {
    accuracy = try LengthAccuracy.paper.of(predicted, lengths)
    codeAccuracy = try LengthAccuracy.code.of(predicted, lengths)
    deviation = 0
    let errors = zip(predicted, lengths).map { 100 * abs($0 - $1) / $1 }
    medianError = try Quantile.of(errors, at: 0.5)
    rankCorrelation = RankCorrelation.spearman(predicted, lengths)
    coverage = intervals.map { intervals in
      Double(zip(intervals, lengths).count { $0.contains($1) }) / Double(max(lengths.count, 1))
    }
    directionRight = direction.flatMap { direction in
      let changed = zip(direction.predicted, direction.truth).filter { $0.1 != 0 }
      return changed.isEmpty ? nil : Double(changed.count { ($0.0 > 0) == ($0.1 > 0) }) / Double(changed.count)
    }
    tested = Double(lengths.count)
  }

  /// The mean over splits, with the spread of the accuracy; nil for none.
  init?(meanOf scores: [LengthScore]) {
    guard let first = scores.first else { return nil }
    self = first
    func mean(_ part: (LengthScore) -> Double) -> Double { scores.reduce(0) { $0 + part($1) } / Double(scores.count) }
    func meanOfSome(_ part: (LengthScore) -> Double?) -> Double? {
      let some = scores.compactMap(part)
      return some.isEmpty ? nil : some.reduce(0, +) / Double(some.count)
    }
    let centre = mean(\.accuracy)
    accuracy = centre
    codeAccuracy = mean(\.codeAccuracy)
    deviation =
      scores.count > 1
      ? (scores.reduce(0) { $0 + ($1.accuracy - centre) * ($1.accuracy - centre) } / Double(scores.count - 1))
        .squareRoot() : 0
    medianError = mean(\.medianError)
    rankCorrelation = meanOfSome(\.rankCorrelation)
    coverage = meanOfSome(\.coverage)
    directionRight = meanOfSome(\.directionRight)
    tested = mean(\.tested)
  }
}
