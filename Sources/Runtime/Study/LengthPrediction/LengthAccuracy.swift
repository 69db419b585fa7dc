/// How accuracy of predicted lengths is counted; 100 is perfect, and there is no lower bound.
///
/// Source: the second paper, section 5.2 and appendix G, and its artifact; the sheet `length-predictor`.
public enum LengthAccuracy: String, CaseIterable, Sendable {
  /// 100 (1 - mean |predicted - L| / L) over requests, as the paper states it.
  case paper
  /// The artifact's: L + 1 in place of L, L + 1 + 0.001 below it, means of batches of 32 averaged, a short last batch
  /// weighing as much as a full one.
  case code

  private static let batch = 32

  /// Accuracy in percent.
  ///
  /// - Throws: `RuntimeProblem` K627 (lists differ in length), K620 (none), K653 (a true length below 1 under `paper`).
  public func of(_ predicted: [Double], _ lengths: [Double]) throws -> Double {
    guard predicted.count == lengths.count else {
      throw RuntimeProblem(
        MetricProblems.unpaired, seen: "\(predicted.count) predictions of \(lengths.count) lengths",
        expected: "one a length")
    }
    try MetricProblems.requireFinite(predicted, of: "the accuracy of predicted lengths")
    try MetricProblems.requireFinite(lengths, of: "the accuracy of predicted lengths")
    let errors = try zip(predicted, lengths).map { try error($0, $1) }
    switch self {
    case .paper: return 100 * (1 - errors.reduce(0, +) / Double(errors.count))
    case .code:
      let means = stride(from: 0, to: errors.count, by: Self.batch).map { start in
        let part = errors[start..<min(start + Self.batch, errors.count)]
        return part.reduce(0, +) / Double(part.count)
      }
      return 100 * (1 - means.reduce(0, +) / Double(means.count))
    }
  }

  /// The relative error of one prediction.
  func error(_ predicted: Double, _ length: Double) throws -> Double {
    switch self {
    case .paper:
      guard length > 0 else {
        throw RuntimeProblem(
          LengthPredictionProblems.noLength, seen: "a true length of \(length)", expected: "1 token or more",
          suggestion: "leave requests without an answer out")
      }
      return abs(predicted - length) / length
    case .code: return abs(predicted - (length + 1)) / (length + 1 + 0.001)
    }
  }
}
