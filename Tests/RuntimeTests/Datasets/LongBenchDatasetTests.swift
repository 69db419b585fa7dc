import Foundation
import Testing

@testable import Runtime

@Suite("LongBench files")
struct LongBenchDatasetTests {
  private static let record =
    #"{"input":"Who?","context":"A {input} by B.","answers":["B","b"],"length":4,"dataset":"qasper","language":"en","all_classes":null,"_id":"x"}"#
  private static let trec =
    #"{"input":"Q","context":"C","answers":["City"],"dataset":"trec","all_classes":["Date","City"]}"#

  private static func load(
    _ path: String, _ values: [String: DatasetValue] = [:], context: Int? = nil,
    cut: @escaping (String, Int) throws -> String? = { _, _ in nil }
  ) throws -> DatasetLoad {
    let values = values.merging(["file": .string(path)]) { first, _ in first }
    return try FoundDataset(dataset: LongBenchDataset()).load(
      values, contextTokens: context, cutMiddle: cut, countTokens: { $0.count })
  }

  @Test("a folder of NAME.jsonl gives prompts, lengths and rules of their tasks; samples are TASK/ROW")
  func folder() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("qasper.jsonl", Self.record + "\n\n" + Self.record + "\n")
    _ = try folder.write("trec.jsonl", Self.trec)
    let all = try Self.load(folder.path)
    #expect(all.requests.map(\.id) == ["qasper/0", "qasper/1", "trec/0"])
    let first = try #require(all.requests.first)
    // Braces of the record stay as they are.
    #expect(first.prompt.contains("Article: A {input} by B.\n\n Answer"))
    #expect(first.prompt.hasSuffix("Question: Who?\n\nAnswer:"))
    #expect(first.output == .atMost(128) && first.chat == nil && first.reference == "B")
    #expect(first.judgement?.score("It is b.") == 0.5)
    let last = try #require(all.requests.last)
    #expect(last.output == .atMost(64) && last.chat == false)
    #expect(last.judgement?.score("\nCity\nDate") == 1)
    #expect(try Self.load(folder.path, ["task": .words(["trec"])]).requests.map(\.id) == ["trec/0"])
    #expect(try Self.load(folder.path, ["task": .string("qasper"), "n": .int(1)]).requests.map(\.id) == ["qasper/0"])
  }

  @Test("a prompt longer than max_length is cut, by the model's context unless told")
  func truncation() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("qasper.jsonl", Self.record)
    let limits = Limits()
    func load(_ values: [String: DatasetValue], _ context: Int?) throws -> String {
      let load = try Self.load(path, values, context: context) { text, limit in
        limits.seen.append(limit)
        return limit < 4_000 ? String(text.prefix(3)) : nil
      }
      return load.requests[0].prompt
    }
    #expect(try load([:], 4_096).count == 3)
    #expect(try load([:], 8_192).count > 3)
    #expect(try load(["max_length": .int(100)], 8_192).count == 3)
    #expect(try load([:], nil).count > 3)
    #expect(try load([:], 2_048).count == 3)
    #expect(limits.seen == [3_500, 7_500, 100, 1_750])
  }

  private final class Limits { var seen: [Int] = [] }

  @Test("a benchmark made of chosen records reads back with the rows they came from")
  func benchmark() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("qasper.jsonl", [Self.record, Self.record, Self.record].joined(separator: "\n"))
    _ = try folder.write("trec.jsonl", Self.trec)
    let tasks = try LongBenchTasks.bundled(home: nil)
    let files = try LongBenchFiles(path: folder.path, tasks: tasks)
    let text = try files.benchmark([("trec", 0), ("qasper", 2), ("qasper", 0), ("qasper", 2)])
    let path = try folder.write("neg.longbench.json", text)
    let again = try LongBenchFiles(path: path, tasks: tasks)
    #expect(again.taskNames == ["qasper", "trec"])
    #expect(try again.records(of: "qasper").map(\.row) == [0, 2])
    #expect(try again.records(of: "qasper")[1] == files.records(of: "qasper")[2])
    #expect(try Self.load(path).requests.map(\.id) == ["qasper/0", "qasper/2", "trec/0"])
    #expect(LongBenchFiles.isOne(path) && LongBenchFiles.isOne(folder.path))
    let missing = #expect(throws: RuntimeProblem.self) { try files.benchmark([("qasper", 3)]) }
    #expect(missing?.code == "K411")
  }

  @Test("the table of tasks is what the card lists, and what LongBench's own files say")
  func table() throws {
    let tasks = try LongBenchTasks.bundled(home: nil)
    #expect(tasks.names == LongBenchDataset.taskNames)
    #expect(tasks.tasks.allSatisfy { $0.prompt.contains("{context}") && $0.maxNew > 0 && (0..<1).contains($0.floor) })
    let folder = PublishedScores.folder.appendingPathComponent("longbench-config")
    guard let prompts = try? Data(contentsOf: folder.appendingPathComponent("dataset2prompt.json")),
      let lengths = try? Data(contentsOf: folder.appendingPathComponent("dataset2maxlen.json"))
    else { return }
    let published = try JSONDecoder().decode([String: String].self, from: prompts)
    #expect(Dictionary(uniqueKeysWithValues: tasks.tasks.map { ($0.name, $0.prompt) }) == published)
    #expect(
      try Dictionary(uniqueKeysWithValues: tasks.tasks.map { ($0.name, $0.maxNew) })
        == JSONDecoder().decode([String: Int].self, from: lengths))
  }

  @Test("the published negative benchmark is read: 36 records of five tasks", .enabled(if: PublishedScores.isThere))
  func published() throws {
    let path = PublishedScores.folder.appendingPathComponent("benchmark_neg_data_quant.json").path
    #expect(LongBenchFiles.isOne(path))
    #expect(try LongBenchDataset().validate(path: path) == 36)
    let load = try Self.load(path)
    #expect(
      Dictionary(grouping: load.requests) { $0.meta["task"] ?? "" }.mapValues(\.count)
        == ["gov_report": 15, "multi_news": 10, "qmsum": 8, "qasper": 2, "repobench-p": 1])
    for request in load.requests {
      let judgement = try #require(request.judgement)
      let best = try #require(judgement.answers.compactMap { judgement.score($0) }.max())
      #expect(best > 0.99, "\(request.id): an answer scores \(best) by itself")
    }
  }

  static let broken: [(String, String, String)] = [
    ("qasper.jsonl", "", "K405"), ("qasper.jsonl", "[1]", "K404"), ("qasper.jsonl", #"{"context":"c"}"#, "K404"),
    ("qasper.jsonl", #"{"context":"c","answers":"B"}"#, "K404"),
    ("qasper.jsonl", #"{"context":"c","answers":[1]}"#, "K404"),
    ("qasper.jsonl", record + "\n{", "K403"), ("mine.jsonl", #"{"context":"c","answers":[]}"#, "K411"),
    ("x.json", #"{"nonsense":[]}"#, "K411"), ("x.json", #"{"qasper":[],"trec":3}"#, "K404"),
    ("x.json", #"{"qasper":[{"context":"c","answers":[]}"#, "K403"), ("x.json", #"{"qasper":[]}"#, "K405"),
  ]

  @Test("files that are not LongBench are errors with their place", arguments: broken)
  func hostile(name: String, text: String, code: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, text)
    let problem = #expect(throws: RuntimeProblem.self) { _ = try LongBenchDataset().validate(path: path) }
    #expect(problem?.code == code, "\(problem?.description ?? "")")
  }

  @Test("a folder without tasks, an unknown task and a task given twice are errors")
  func badArguments() throws {
    let folder = try TemporaryFolder()
    #expect(throws: RuntimeProblem.self) { try Self.load(folder.path) }
    _ = try folder.write("qasper.jsonl", Self.record)
    for words in [["trec"], ["nonsense"], [], ["qasper", "qasper"]] {
      #expect(throws: RuntimeProblem.self) { try Self.load(folder.path, ["task": .words(words)]) }
    }
  }
}
