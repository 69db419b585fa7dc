/// A LongBench metric: how good one prediction is by one answer, 0...1.
///
/// Source: LongBench `metrics.py` (Bai et al. 2023); the sheet `longbench`, "Metrics". Equal to the reference to 1e-9.
public enum LongBenchMetric: String, Sendable, CaseIterable, Codable {
  case questionF1 = "qa_f1"
  case questionF1Chinese = "qa_f1_zh"
  case rougeL = "rouge_l"
  case rougeLChinese = "rouge_l_zh"
  case classification
  case retrieval
  case retrievalChinese = "retrieval_zh"
  case count
  case codeSimilarity = "code_sim"

  /// Whether the metric is over words that a Chinese segmenter cuts.
  public var needsSegmentation: Bool { self == .questionF1Chinese || self == .rougeLChinese }

  /// What a metric may need besides the two texts.
  public struct Settings: Sendable {
    /// `all_classes` of the record.
    public var classes: [String]
    public var codeSimilarity: CodeSimilarity
    /// Cuts Chinese text into words, as jieba's precise mode does.
    public var segment: (@Sendable (String) -> [String])?

    public init(
      classes: [String] = [], codeSimilarity: CodeSimilarity = .levenshtein,
      segment: (@Sendable (String) -> [String])? = nil
    ) {
      self.classes = classes
      self.codeSimilarity = codeSimilarity
      self.segment = segment
    }
  }

  /// The score of one prediction by one answer; nil if the metric needs a segmenter and there is none.
  public func score(_ prediction: String, _ answer: String, _ settings: Settings = Settings()) -> Double? {
    switch self {
    case .questionF1: TokenF1.english(prediction, answer)
    case .questionF1Chinese: settings.segment.map { TokenF1.chinese($0(prediction), $0(answer)) }
    case .rougeL: RougeL.score(prediction, answer)
    case .rougeLChinese: settings.segment.map { RougeL.chinese($0(prediction), $0(answer)) }
    case .classification: ClassificationScore.score(prediction, answer, classes: settings.classes)
    case .retrieval: paragraph(prediction, answer, behind: "Paragraph ")
    case .retrievalChinese: paragraph(prediction, answer, behind: "段落")
    case .count: NumberScore.count(prediction, answer)
    case .codeSimilarity: settings.codeSimilarity.score(prediction, answer)
    }
  }

  private func paragraph(_ prediction: String, _ answer: String, behind marker: String) -> Double {
    NumberScore.paragraph(answer, behind: marker).map { NumberScore.score(prediction, number: $0) } ?? 0
  }

  /// The best score over the answers, as LongBench takes it; nil without a segmenter where one is needed.
  ///
  /// - Parameter firstLine: score only the first line that is not empty at the start (few-shot tasks).
  public func best(
    _ prediction: String, _ answers: [String], firstLine: Bool = false, _ settings: Settings = Settings()
  ) -> Double? {
    if needsSegmentation, settings.segment == nil { return nil }
    let text = firstLine ? Self.firstLine(prediction) : prediction
    return answers.reduce(0) { max($0, score(text, $1, settings) ?? 0) }
  }

  /// Leading newlines stripped, cut at the next.
  static func firstLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.drop { $0 == "\n" }.prefix { $0 != "\n" }))
  }
}
