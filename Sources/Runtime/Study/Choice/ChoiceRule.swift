/// Chooses a configuration for a request by the type of its task, from what finished runs say of each.
public struct ChoiceRule: Codable, Equatable, Sendable {
  /// Raised when the stored form changes.
  public static let version = 1
  /// Fewer samples of a type say nothing about it: all samples speak for it.
  static let leastOfType = 3

  /// What is chosen for.
  public enum Goal: String, CaseIterable, Codable, Sendable {
    /// The smallest cache among configurations that keep the type's score; the baseline always does.
    case bytes
    /// The highest score of the type among the compressed configurations beside the baseline.
    case score
  }

  /// What was seen of one type, or of all samples.
  public struct Evidence: Codable, Equatable, Sendable {
    public var samples: Int
    /// Mean score. // [configurations]
    public var scores: [Double]
    /// Mean tokens of a response; nil where rows do not tell. // [configurations]
    public var tokens: [Double?]
  }

  public let version: Int
  public let goal: Goal
  /// The loss of mean score that is put up with, as a share of the baseline's size.
  public let tolerance: Double
  /// Whether lengths are to be predicted for each request; otherwise those of its type are taken.
  public let predictsLengths: Bool
  /// The baseline first.
  public let configurations: [String]
  public let types: [String: Evidence]
  public let all: Evidence

  init(
    _ samples: [ChoiceSample], _ configurations: [String], goal: Goal, tolerance: Double, predictsLengths: Bool
  ) {
    version = Self.version
    self.goal = goal
    self.tolerance = tolerance
    self.predictsLengths = predictsLengths
    self.configurations = configurations
    all = Self.evidence(samples, configurations.count)
    types = Dictionary(grouping: samples.filter { $0.learntType != nil }) { $0.learntType ?? "" }
      .filter { $0.value.count >= Self.leastOfType }
      .mapValues { Self.evidence($0, configurations.count) }
  }

  private static func evidence(_ samples: [ChoiceSample], _ configurations: Int) -> Evidence {
    func mean(_ numbers: [Double]) -> Double? {
      numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
    }
    let places = 0..<configurations
    return Evidence(
      samples: samples.count,
      scores: places.map { place in mean(samples.map { $0.outcomes[place].score }) ?? 0 },
      tokens: places.map { place in mean(samples.compactMap { $0.outcomes[place].tokens.map(Double.init) }) })
  }

  /// Whether all parts fit together, which of a stored one has to be checked.
  public var isSound: Bool {
    let count = configurations.count
    func fits(_ evidence: Evidence) -> Bool {
      evidence.scores.count == count && evidence.tokens.count == count && evidence.scores.allSatisfy(\.isFinite)
    }
    return count > 1 && fits(all) && types.values.allSatisfy(fits) && (0..<1).contains(tolerance)
  }

  /// What is known of a type; of all samples where that is too little, or `type` is nil.
  public func evidence(of type: String?) -> Evidence { type.flatMap { types[$0] } ?? all }

  /// What losses are counted against, and what a request gets where nothing else is safe.
  public var baseline: String { configurations.first ?? Compressor.none.label }

  /// Places of the configurations that may be chosen beside the baseline: the uncompressed cache saves nothing.
  static func compressed(_ configurations: [String]) -> [Int] {
    configurations.indices.dropFirst().filter { configurations[$0] != Compressor.none.label }
  }

  /// Whether a score is within a tolerance of the baseline's, which may be below 0.
  static func isSafe(_ score: Double, baseline: Double, tolerance: Double) -> Bool {
    score >= (baseline < 0 ? 1 + tolerance : 1 - tolerance) * baseline
  }

  /// The place of the chosen configuration.
  ///
  /// - Parameters:
  ///   - among: places that may be chosen; the baseline's is none of them.
  ///   - bytes: what a configuration's cache is expected to hold at the end of the response.
  public func choice(type: String?, among: [Int], bytes: (Int) -> Double) -> Int {
    let scores = evidence(of: type).scores
    let among = among.filter { $0 != 0 }
    switch goal {
    case .score:
      return among.max { (scores[$0], -bytes($0), -$0) < (scores[$1], -bytes($1), -$1) } ?? 0
    case .bytes:
      let safe = [0] + among.filter { Self.isSafe(scores[$0], baseline: scores[0], tolerance: tolerance) }
      return safe.min { (bytes($0), -scores[$0], $0) < (bytes($1), -scores[$1], $1) } ?? 0
    }
  }
}
