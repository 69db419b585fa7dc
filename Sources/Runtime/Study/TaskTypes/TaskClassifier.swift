import Foundation

/// Tells the type of a prompt's task - QA, summarization, few-shot, synthetic, code - from its text alone.
///
/// Multinomial logistic regression over `TaskFeatures`. Source: the second paper, section 5.3, which proposes a light
/// classifier of tasks to decide where to compress; the types are its own.
public struct TaskClassifier: Codable, Equatable, Sendable {
  /// Raised when the stored form or the features change.
  public static let version = 1
  /// The penalty; fixed beforehand, no figure was made better by it.
  static let lambda = 0.05

  public let version: Int
  /// In alphabetical order.
  public let types: [String]
  /// // [types][features]
  let weights: [[Double]]
  let intercepts: [Double]
  /// Prompts it was trained on, each in both forms.
  public let requests: Int
  /// What it is worth, on prompts that no model had seen.
  public let scores: [TaskScore]
  /// First eight digits of the SHA-256 of the ends of each prompt it was trained on, in both forms, ascending.
  public let digests: [String]

  /// Whether all parts fit together, which of a stored one has to be checked.
  public var isSound: Bool {
    types.count > 1 && weights.count == types.count && intercepts.count == types.count
      && weights.allSatisfy { $0.count == TaskFeatures.width && $0.allSatisfy(\.isFinite) }
      && intercepts.allSatisfy(\.isFinite)
  }

  init(
    types: [String], model: (weights: [[Double]], intercepts: [Double]), requests: Int, scores: [TaskScore],
    digests: [String]
  ) {
    version = Self.version
    self.types = types
    (weights, intercepts) = model
    self.requests = requests
    self.scores = scores
    self.digests = digests
  }

  /// Shares of the types for each prompt, which add up to 1. // [prompts][types]
  public func shares(_ prompts: [String]) -> [[Double]] {
    prompts.map { LogisticBins.shares(TaskFeatures.rows([$0]), 0, weights, intercepts) }
  }

  /// The likeliest type of each prompt. // [prompts]
  public func types(of prompts: [String]) -> [String] {
    shares(prompts).map { types[Self.likeliest($0)] }
  }

  static func likeliest(_ shares: [Double]) -> Int {
    shares.indices.max { shares[$0] < shares[$1] } ?? 0
  }

  /// A model of some rows. // weights [types][features]
  static func fit(_ rows: FeatureRows, _ classes: [Int], types: Int) -> (weights: [[Double]], intercepts: [Double]) {
    guard rows.width > rows.count, let factor = LogisticBins.factor(rows) else {
      return LogisticBins.fit(rows, classes, bins: types, lambda: lambda)
    }
    // As in `LogisticBins`: rows of L with L L^T = Z Z^T cost less and give the same fit.
    let small = LogisticBins.fit(
      FeatureRows(width: rows.count, numbers: factor.lowerTriangle), classes, bins: types, lambda: lambda)
    return (small.weights.map { rows.weightedSum(factor.solveTransposed($0)) }, small.intercepts)
  }
}
