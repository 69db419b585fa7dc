import Foundation
import Testing

@testable import Runtime

/// Words as jieba 0.42.1 cuts them: `Fixtures/segmentations.jsonl`, written by jieba itself (segmentations.py).
@Suite("Chinese words")
struct ChineseSegmenterTests {
  struct Row: Decodable {
    var text: String
    var words: [String]
  }

  static let folder = SetupFolder.path + "/jieba"
  static let isThere = FileManager.default.fileExists(atPath: folder + "/dict.txt")
  static let whyNot: Comment = "NOT CHECKED: there is no jieba dictionary; scripts/setup fetches it"

  private static func scalars(_ words: [String]) -> [CodePoints] { words.map { CodePoints($0.unicodeScalars) } }

  @Test("220 sentences are cut as jieba cuts them, code point by code point", .enabled(if: isThere, whyNot))
  func sentences() throws {
    let segmenter = try ChineseSegmenter(folder: Self.folder)
    let rows = try GoldenFolder.rows(Row.self, PackageFolder.fixture("segmentations.jsonl"))
    #expect(rows.count == 220)
    for row in rows {
      let words = segmenter.words(row.text)
      #expect(Self.scalars(words) == Self.scalars(row.words), "\(row.text.debugDescription): \(words)")
      #expect(CodePoints(words.joined().unicodeScalars) == CodePoints(row.text.unicodeScalars))
    }
  }

  @Test(
    "the golden Chinese scores come out of text alone, to 1e-9",
    .enabled(if: isThere && GoldenFolder.has("longbench_metrics.jsonl"), whyNot))
  func golden() throws {
    let segmenter = try ChineseSegmenter(folder: Self.folder)
    let rows = try GoldenFolder.rows(
      LongBenchGoldenTests.Row.self, GoldenFolder.url.appendingPathComponent("longbench_metrics.jsonl"))
    var checked = 0
    for row in rows {
      guard let metric = LongBenchGoldenTests.names[row.metric], metric.needsSegmentation else { continue }
      let score = try #require(
        LongBenchJudgement(metric: metric, answers: [row.truth]).score(row.prediction, words: segmenter))
      #expect(abs(score - row.score) < 1e-9, "row \(row.id): \(score), expected \(row.score)")
      #expect(Self.scalars(segmenter.words(row.prediction)) == Self.scalars(row.predictionTokens ?? []))
      checked += 1
    }
    #expect(checked == 90)
  }

  @Test("the sheet's Chinese checks", .enabled(if: isThere, whyNot))
  func sheet() throws {
    let segmenter = try ChineseSegmenter(folder: Self.folder)
    func score(_ metric: LongBenchMetric, _ prediction: String, _ answer: String) -> Double? {
      LongBenchJudgement(metric: metric, answers: [answer]).score(prediction, words: segmenter)
    }
    let year = try #require(score(.questionF1Chinese, "答案是2023年", "2023年"))
    #expect(abs(year - 0.666666667) < 1e-9)
    let meeting = try #require(score(.rougeLChinese, "会议讨论了预算问题。", "会议讨论了人事和预算问题。"))
    #expect(abs(meeting - 0.857142852) < 1e-9)
  }

  // A dictionary of a few words, so that what follows needs nothing fetched.

  private static let words = "中国 10 ns\n中国人 2 n\n人民 8 n\n国人 3 n\n人 5 n\n"
  private static let start = "P={'B': -0.5,\n 'E': -3.14e+100,\n 'M': -3.14e+100,\n 'S': -1.0}\n"
  private static let steps =
    "P={'B': {'E': -0.5, 'M': -0.9},\n 'E': {'B': -0.6, 'S': -0.8},\n 'M': {'E': -0.3, 'M': -1.3},\n 'S': {'B': -0.7, 'S': -0.7}}\n"
  private static let characters =
    "from __future__ import unicode_literals\n\nP={'B': {'\\u5f20': -2.0},\n 'E': {'\\u4e09': -2.0},\n 'M': {'\\u4e09': -9.0},\n 'S': {'\\u5f20': -8.0, '\\u4e09': -8.0}}\n"

  private static func tiny(_ changes: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = [
      "dict.txt": words, "prob_start.py": start, "prob_trans.py": steps, "prob_emit.py": characters,
    ].merging(changes) { $1 }
    for (name, text) in files { _ = try folder.write(name, text) }
    return folder
  }

  @Test("the likeliest way through the dictionary is taken, and unknown characters may be a word")
  func likeliest() throws {
    let folder = try Self.tiny()
    let segmenter = try ChineseSegmenter(folder: folder.path)
    // 10/28 x 8/28 is more than 2/28 x 1/28.
    #expect(segmenter.words("中国人民") == ["中国", "人民"])
    // 2/28 alone is less than 10/28 x 5/28, but not than 1/28 x 3/28.
    #expect(segmenter.words("中国人") == ["中国人"])
    #expect(segmenter.words("张三，人") == ["张三", "，", "人"])
    #expect(segmenter.words("v1.5%+ ok\r\n") == ["v1.5%", "+", " ", "ok", "\r\n"])
    #expect(segmenter.words("") == [])
  }

  @Test(
    "a damaged file is one problem that names it and the way out",
    arguments: [
      ("dict.txt", ""), ("dict.txt", "中国\n"), ("dict.txt", "中国 x n\n"), ("dict.txt", " 3 n\n"),
      ("dict.txt", "中国 99999999999999999999 n\n"), ("dict.txt", "中国 9007199254740990 n\n人 9 n\n"),
      ("prob_emit.py", ""), ("prob_emit.py", "P={'B': {}}"), ("prob_emit.py", "P={'B': {'\\u5f2': -1}}"),
      ("prob_emit.py", "P={'B': {'\\ud800': -1}}"), ("prob_start.py", "P={'B': -1"), ("prob_start.py", "P={'B"),
      ("prob_start.py", "P={B: 1}"), ("prob_start.py", "P={'B': 1e999}"), ("prob_trans.py", "P={'B': {'E': {'S': 1}}}"),
      ("prob_trans.py", "P={'B': 'E'}"),
    ])
  func damaged(name: String, text: String) throws {
    let folder = try Self.tiny([name: text])
    let problem = try #require(throws: RuntimeProblem.self) { try ChineseSegmenter(folder: folder.path) }
    #expect(problem.code == "K683")
    #expect(problem.seen.contains("\(folder.path)/\(name)"))
    #expect(problem.suggestion?.contains("scripts/setup") == true)
  }

  @Test(
    "a missing file is the same problem", arguments: ["dict.txt", "prob_start.py", "prob_trans.py", "prob_emit.py"])
  func missing(name: String) throws {
    let folder = try Self.tiny()
    try FileManager.default.removeItem(atPath: folder.path + "/" + name)
    let problem = try #require(throws: RuntimeProblem.self) { try ChineseSegmenter(folder: folder.path) }
    #expect(problem.code == "K683" && problem.seen.contains(name))
  }
}
