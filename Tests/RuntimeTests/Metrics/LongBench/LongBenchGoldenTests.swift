import Foundation
import Testing

@testable import Runtime

/// Scores of LongBench's own `metrics.py` (golden/longbench_metrics.jsonl; code_sim by difflib; Chinese by jieba's tokens).
@Suite("LongBench metrics: golden")
struct LongBenchGoldenTests {
  struct Row: Decodable, Sendable {
    var id: Int
    var metric: String
    var prediction: String
    var truth: String
    var score: Double
    var classes: [String]?
    var predictionTokens: [String]?
    var truthTokens: [String]?

    enum CodingKeys: String, CodingKey {
      case id, metric, prediction, score
      case truth = "ground_truth"
      case classes = "all_classes"
      case predictionTokens = "prediction_tokens"
      case truthTokens = "ground_truth_tokens"
    }
  }

  static let names: [String: LongBenchMetric] = [
    "qa_f1_score": .questionF1, "qa_f1_zh_score": .questionF1Chinese, "rouge_score": .rougeL,
    "rouge_zh_score": .rougeLChinese, "classification_score": .classification, "retrieval_score": .retrieval,
    "retrieval_zh_score": .retrievalChinese, "count_score": .count, "code_sim_score": .codeSimilarity,
  ]

  @Test(
    "all 400 golden scores are met to 1e-9", .enabled(if: GoldenFolder.has("longbench_metrics.jsonl")))
  func golden() throws {
    let rows = try GoldenFolder.rows(Row.self, GoldenFolder.url.appendingPathComponent("longbench_metrics.jsonl"))
    #expect(rows.count == 400)
    var seen: Set<String> = []
    for row in rows {
      let metric = try #require(Self.names[row.metric])
      seen.insert(row.metric)
      let words = [(row.prediction, row.predictionTokens ?? []), (row.truth, row.truthTokens ?? [])]
      let tokens = Dictionary(words) { first, _ in first }
      let settings = LongBenchMetric.Settings(
        classes: row.classes ?? [], codeSimilarity: .difflib, segment: { tokens[$0] ?? [] })
      let score = try #require(metric.score(row.prediction, row.truth, settings))
      #expect(abs(score - row.score) < 1e-9, "row \(row.id) \(row.metric): \(score), expected \(row.score)")
    }
    #expect(seen.count == Self.names.count)
  }
}
