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

  /// The best score over the answers, 0...1; nil for a metric over Chinese words without a segmenter.
  public func score(_ text: String, words segmenter: ChineseSegmenter? = nil) -> Double? {
    var settings = LongBenchMetric.Settings(classes: classes, codeSimilarity: similarity)
    if let segmenter { settings.segment = { segmenter.words($0) } }
    return metric.best(text, answers, firstLine: firstLine, settings)
  }
}
