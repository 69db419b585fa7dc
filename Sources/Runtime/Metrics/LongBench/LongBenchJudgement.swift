/// How the answer to one LongBench request is scored.
public struct LongBenchJudgement: Sendable, Equatable {
  public var metric: LongBenchMetric
  public var answers: [String]
  /// `all_classes` of the record.
  public var classes: [String]
  /// Only the first line counts.
  public var firstLine: Bool
  public var similarity: CodeSimilarity

  public init(
    metric: LongBenchMetric, answers: [String], classes: [String] = [], firstLine: Bool = false,
    similarity: CodeSimilarity = .levenshtein
  ) {
    self.metric = metric
    self.answers = answers
    self.classes = classes
    self.firstLine = firstLine
    self.similarity = similarity
  }

  /// The best score over the answers, 0...1; nil for metrics over Chinese words, which kvsh cannot cut.
  public func score(_ text: String) -> Double? {
    metric.best(text, answers, firstLine: firstLine, .init(classes: classes, codeSimilarity: similarity))
  }
}
