import Testing

@testable import Runtime

/// Numbers of the sheet `longbench`, "Checks", computed with LongBench's own `metrics.py`.
@Suite("LongBench metrics")
struct LongBenchMetricTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var metric: LongBenchMetric
    var prediction: String
    var answer: String
    var score: Double
    var settings = LongBenchMetric.Settings()
    var testDescription: String { "\(metric.rawValue) \(prediction.prefix(30).debugDescription)" }
  }

  static func numbered(_ count: Int) -> String { (0..<count).map { "w\($0)" }.joined(separator: " ") }

  static let cases: [Case] = [
    Case(metric: .questionF1, prediction: "The cat sat on the mat.", answer: "a cat on mat", score: 0.857142857),
    Case(metric: .questionF1, prediction: "Paris", answer: "paris!", score: 1),
    Case(metric: .questionF1, prediction: "New York City, New York", answer: "New York", score: 0.571428571),
    Case(metric: .questionF1, prediction: "the", answer: "the", score: 0),
    Case(metric: .questionF1, prediction: "yes yes", answer: "yes", score: 0.666666667),
    Case(metric: .rougeL, prediction: "the cat sat on the mat", answer: "the cat lay on the mat", score: 0.799999995),
    Case(metric: .rougeL, prediction: "a b c d", answer: "a b c d", score: 0.999999995),
    Case(metric: .rougeL, prediction: "b a", answer: "a b", score: 0.499999995),
    Case(metric: .rougeL, prediction: "a a a b", answer: "a b", score: 0.999999995),
    Case(metric: .rougeL, prediction: "a b.\n", answer: "a b", score: 0.799999995),
    Case(metric: .rougeL, prediction: "version 3.5 is out", answer: "version 3.5 out", score: 0.888888884),
    Case(
      metric: .rougeL, prediction: "w1 w2 w6 w7 w8. w1 w3 w8 w9 w5", answer: "w1 w2 w3 w4 w5", score: 0.615384611),
    Case(metric: .rougeL, prediction: "...", answer: "a", score: 0),
    Case(metric: .rougeL, prediction: "", answer: "a", score: 0),
    Case(metric: .rougeL, prediction: numbered(990), answer: numbered(990), score: 0.999999995),
    // `rouge` 1.0.1 under eval.py's frames and Python 3.11: its recursion ends at the 991st step.
    Case(metric: .rougeL, prediction: numbered(991), answer: numbered(991), score: 0),
    Case(metric: .rougeL, prediction: numbered(990), answer: "w0", score: 0.002018163451079901),
    Case(metric: .rougeL, prediction: numbered(991), answer: "w0", score: 0),
    Case(metric: .codeSimilarity, prediction: "return x + 1\nfoo", answer: "return x+1", score: 0.91),
    Case(metric: .codeSimilarity, prediction: "# c\n```python\nint a = b;\n", answer: "int a = c;", score: 0.9),
    Case(metric: .codeSimilarity, prediction: "\n\n    self.x = y", answer: "self.x = y", score: 0.83),
    Case(metric: .codeSimilarity, prediction: "abcd", answer: "bcda", score: 0.75),
    Case(
      metric: .codeSimilarity, prediction: "self.assertEqual(a, b)", answer: "self.assertTrue(b == a)", score: 0.67),
    Case(
      metric: .codeSimilarity, prediction: "self.assertEqual(a, b)", answer: "self.assertTrue(b == a)", score: 0.62,
      settings: .init(codeSimilarity: .difflib)),
    Case(
      metric: .codeSimilarity, prediction: String(repeating: "x = 1; ", count: 40),
      answer: String(repeating: "y = 1; ", count: 40), score: 0, settings: .init(codeSimilarity: .difflib)),
    Case(
      metric: .codeSimilarity, prediction: String(repeating: "x = 1; ", count: 40),
      answer: String(repeating: "y = 1; ", count: 40), score: 0.86),
    Case(
      metric: .classification, prediction: "Date or City", answer: "City", score: 0.5, settings: .init(classes: kinds)),
    Case(
      metric: .classification, prediction: "Type: City", answer: "City", score: 1, settings: .init(classes: kinds)),
    Case(
      metric: .classification, prediction: "Other number", answer: "Number", score: 0, settings: .init(classes: kinds)
    ),
    Case(metric: .classification, prediction: "ABCD", answer: "ABCD", score: 0.5, settings: .init(classes: nested)),
    Case(
      metric: .classification, prediction: "ABCD", answer: "ABC", score: 1.0 / 3, settings: .init(classes: nested)),
    Case(metric: .retrieval, prediction: "Paragraph 12, or 3", answer: "Paragraph 12", score: 0.5),
    Case(metric: .retrieval, prediction: "12 12 3", answer: "Paragraph 12", score: 0.666666667),
    Case(metric: .retrieval, prediction: "012", answer: "Paragraph 12", score: 0),
    Case(metric: .retrieval, prediction: "12", answer: "no number here", score: 0),
    Case(metric: .retrievalChinese, prediction: "段落3", answer: "段落3", score: 1),
    Case(metric: .count, prediction: "There are 17 of 30", answer: "17", score: 0.5),
    Case(metric: .count, prediction: "3.0", answer: "3", score: 0.5),
    Case(metric: .count, prediction: "none", answer: "3", score: 0),
  ]

  static let kinds = ["Date", "City", "Country", "Other number", "Number"]
  static let nested = ["A", "AB", "ABC", "ABCD"]

  @Test("every check of the sheet holds", arguments: cases)
  func sheet(check: Case) throws {
    let score = try #require(check.metric.score(check.prediction, check.answer, check.settings))
    #expect(abs(score - check.score) < 1e-9, "\(score) for \(check.score)")
  }

  @Test("Chinese metrics are over a segmenter's words, and have no score without one")
  func chinese() throws {
    let words = { @Sendable (text: String) -> [String] in
      ["张三": ["张三"], "张三。": ["张三", "。"], "答案是2023年": ["答案", "是", "2023", "年"], "2023年": ["2023", "年"]][text] ?? []
    }
    let settings = LongBenchMetric.Settings(segment: words)
    #expect(LongBenchMetric.questionF1Chinese.score("张三", "张三。", settings) == 1)
    let partial = try #require(LongBenchMetric.questionF1Chinese.score("答案是2023年", "2023年", settings))
    #expect(abs(partial - 0.666666667) < 1e-9)
    #expect(LongBenchMetric.questionF1Chinese.score("张三", "张三。") == nil)
    #expect(LongBenchMetric.rougeLChinese.best("张三", ["张三。"]) == nil)
  }

  @Test("the best answer counts, and few-shot tasks are scored on their first line")
  func best() {
    let metric = LongBenchMetric.questionF1
    #expect(metric.best("Paris", ["London", "Paris"]) == 1)
    #expect(metric.best("Paris", []) == 0)
    #expect(metric.best("\n\nParis\nQuestion: and then", ["Paris"], firstLine: true) == 1)
    #expect(metric.best("\n\nParis\nQuestion: and then", ["Paris"]) == 0.4)
  }

  @Test("text is compared by code points, as Python does, not by what looks alike")
  func codePoints() {
    #expect(LongBenchMetric.questionF1.score("caf\u{e9}", "cafe\u{301}") == 0)
    #expect(
      TokenF1.normalised("The  Quick, brown-fox's a/an  THE end.").map { String(String.UnicodeScalarView($0)) }
        == ["quick", "brownfoxs", "aan", "end"])
    #expect(CodePoints("ΟΔΟΣ ΣΑΣ".unicodeScalars).pythonLowercased() == CodePoints("οδος σας".unicodeScalars))
    #expect(CodePoints("a\u{1c}b\u{3000}c\u{85}d".unicodeScalars).splitAtSpace().count == 4)
    // Superscript two is a word character but no digit.
    #expect(CodePoints("x² ٣7".unicodeScalars).digitRuns() == [CodePoints("٣7".unicodeScalars)])
  }

  @Test("texts of any length end in a score: no table of millions of rows, no deep recursion")
  func long() {
    #expect(RougeL.score(Self.numbered(20_000), Self.numbered(20_000)) == 0)
    #expect(RougeL.score("a", Self.numbered(900)) < 1)
    #expect(
      MatchingBlocks(CodePoints(repeating: "a", count: 3000), CodePoints(repeating: "a", count: 150)).matched == 150)
  }
}
