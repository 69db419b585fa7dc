/// The problems a metric can report, codes K620 to K629, with what `help K620` says about each.
public enum MetricProblems {
  /// One code and its explanation.
  public struct Entry: Equatable, Sendable {
    public let code: String
    public let title: String
    public let explanation: String
  }

  public static let noValues = "K620"
  public static let notFinite = "K621"
  public static let optionOutOfRange = "K622"
  public static let duplicateSample = "K623"
  public static let noCommonSample = "K624"
  public static let negativeLength = "K625"
  public static let countOutOfRange = "K626"
  public static let unpaired = "K627"
  public static let spanTooWide = "K628"

  /// Every code of this table, ascending.
  public static let all: [Entry] = [
    Entry(
      code: noValues, title: "no values",
      explanation: "A statistic was asked of an empty list. Check that the filter before it left any rows."),
    Entry(
      code: notFinite, title: "a value is not a finite number",
      explanation: "NaN and infinity have no place in a mean, a quantile or a histogram. The message says which value "
        + "it is; drop such rows with `where` if they are expected."),
    Entry(
      code: optionOutOfRange, title: "an option of a metric is out of range",
      explanation: "The message names the option, the value it was given and the values it takes."),
    Entry(
      code: duplicateSample, title: "a sample occurs twice",
      explanation: "Lengths are paired by sample, so each configuration may have one row per sample. Two runs in one "
        + "table (other seeds, other limits) must be kept apart as two configurations."),
    Entry(
      code: noCommonSample, title: "no sample in common",
      explanation: "The compressed and the uncompressed rows share no sample, so there is no pair to compare. Run both "
        + "on the same data with the same `n` and `seed`."),
    Entry(
      code: negativeLength, title: "a length is negative",
      explanation: "A response has zero or more tokens. The table was edited, or the column is not a length."),
    Entry(
      code: countOutOfRange, title: "a count exceeds its total",
      explanation: "A share is a count out of a total: 0 <= count <= total, and the total is at least 1."),
    Entry(
      code: unpaired, title: "two lists of one pairing differ in length",
      explanation: "A paired comparison needs one value of each side for every sample."),
    Entry(
      code: spanTooWide, title: "the values span more than a number can hold",
      explanation: "The distance between the smallest and the largest value overflows; no histogram can be drawn."),
  ]
}

extension MetricProblems {
  /// Throws `K620` for an empty list and `K621` for the first value that is not finite.
  static func requireFinite(_ values: [Double], of statistic: String) throws {
    if values.isEmpty {
      throw RuntimeProblem(noValues, seen: "\(statistic) of no values", suggestion: "check the filter before it")
    }
    for (index, value) in values.enumerated() where !value.isFinite {
      throw RuntimeProblem(
        notFinite, seen: "\(statistic): value \(index + 1) of \(values.count) is \(value)",
        expected: "finite numbers", suggestion: "drop such rows with `where`")
    }
  }

  /// Throws `K622` unless `0 < level < 1`.
  static func requireLevel(_ level: Double) throws {
    guard level > 0, level < 1 else {
      throw RuntimeProblem(
        optionOutOfRange, seen: "the level of an interval is \(level)", expected: "more than 0 and less than 1",
        suggestion: "use 0.95")
    }
  }
}
