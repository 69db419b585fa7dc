import Foundation
import Lang
import Testing

@testable import kvsh

/// LongBench's Chinese tasks, with jieba's dictionary and without it.
@Suite("Chinese scores")
struct ChineseScoreTests {
  private static let record =
    #"{"input":"首都是哪里？","context":"北京是中华人民共和国的首都。","answers":["北京"],"length":14,"dataset":"multifieldqa_zh","language":"zh","all_classes":null,"_id":"x"}"#

  private static let jieba = RealModel.home + "/jieba"
  private static let isThere = FileManager.default.fileExists(atPath: jieba + "/dict.txt")
  private static let whyNot: Comment = "NOT CHECKED: there is no jieba dictionary; scripts/setup fetches it"

  @Test("without the dictionary a run says beforehand which command fetches it, and its rows have no score")
  func missing() throws {
    let test = try CommandSession()
    let path = try test.folder.file("multifieldqa_zh.jsonl", Self.record)
    let rows = try test.table("run longbench file=\"\(path)\" max=4")
    #expect(rows.cells("score") == [.nil])
    let notes = test.printed().filter { $0.contains("jieba") }
    #expect(notes.count == 1)
    #expect(notes.first?.hasPrefix("note: 1 Chinese request gets no score") == true)
    #expect(notes.first?.contains("run scripts/setup, which fetches it") == true)
  }

  @Test("with it the kept answers are scored, nothing runs again and nothing is said", .enabled(if: isThere, whyNot))
  func scored() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("multifieldqa_zh.jsonl", Self.record)
    let line = "run longbench file=\"\(path)\" max=4"
    let before = try CommandSession(folder)
    let unscored = try before.table(line)
    try FileManager.default.createSymbolicLink(atPath: before.home + "/jieba", withDestinationPath: Self.jieba)
    let test = try CommandSession(folder)
    let rows = try test.table(line)
    #expect(rows.strings("text") == unscored.strings("text"))
    #expect(rows.doubles("score").count == 1 && rows.doubles("score").allSatisfy { (0...1).contains($0) })
    #expect(!test.printed().contains { $0.contains("jieba") })
    #expect(test.progress.taken().isEmpty)
  }

  @Test("a damaged dictionary ends the run before the model is asked")
  func damaged() throws {
    let test = try CommandSession()
    try FileManager.default.createDirectory(atPath: test.home + "/jieba", withIntermediateDirectories: true)
    try Data("中国".utf8).write(to: URL(fileURLWithPath: test.home + "/jieba/dict.txt"))
    let path = try test.folder.file("multifieldqa_zh.jsonl", Self.record)
    #expect(try test.problem("run longbench file=\"\(path)\" max=4").problem.code == "K683")
    #expect(test.progress.taken().isEmpty)
  }
}
