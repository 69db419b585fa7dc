import Foundation
import GRDB
import Lang
import Runtime
import Testing

@testable import kvsh

/// `train task`, `predict task`, `train auto` and `compress auto`.
@Suite(.serialized)
struct AutoCommandTests {
  /// One store for all: the rows are computed once.
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  static let examples = CommandExampleTests.package + "/examples"
  static let data = "longbench file=\"\(examples)/tasks.json\""
  static let two = "[streamingllm(budget=32), kivi(bits=2)]"
  /// Sixty requests: six of each task.
  static let run = "compress \(two) | run \(data) n=6 max=3 batch=16"
  let test: CommandSession

  init() throws { test = try CommandSession(try Self.folder.get()) }

  @Test("a classifier is judged with and without templates, kept, and used")
  func task() throws {
    let own = try CommandSession(hasModel: false)
    let report = try own.table("train task from=\"\(Self.examples)/tasks.json\"")
    let printed = own.printed()
    #expect(
      printed.contains { $0.hasPrefix("prompts it has not seen: ") } && printed.contains { $0.contains("kept as") })
    let all = (0..<report.rowCount).filter { report.cell($0, "type").text == "all" }
    #expect(all.map { report.cell($0, "form").text } == ["template", "bare", "template", "bare"])
    #expect(all.map { report.cell($0, "unseen").text } == ["prompts", "prompts", "tasks", "tasks"])
    #expect(all.allSatisfy { report.cell($0, "n").asInt == 80 && report.cell($0, "baseline") == .share(0.2) })
    let shares = all.map { report.shares("accuracy")[$0] }
    try #require(shares.count == 4)
    #expect(shares[1] > 0.9 && shares[3] < shares[1])
    let again = try own.table("train task from=\"\(Self.examples)/tasks.json\" n=8")
    #expect(again.shares("accuracy") == report.shares("accuracy"))
    let told = try own.table(
      "predict task [\"import os\\nclass Town:\\n    def f(self, count):\\n        return count\\n\", \"Who built it?\"]"
    )
    #expect(told.strings("type") == ["code", "QA"] && told.ints("model") == [2, 2])
    #expect(told.shares("unseen_tasks") == [shares[3], shares[3]])
    #expect(try own.table("predict task \"a\" model=1").ints("model") == [1])
  }

  @Test("the published form of scores gives the choice's gain, and as a table the scores by type")
  func scores() throws {
    let own = try CommandSession(hasModel: false)
    let report = try own.table("load scores \"\(Self.examples)/choice\" | train auto goal=score")
    #expect(
      report.strings("choice") == ["fixed", "fixed", "fixed", "best fixed", "auto", "oracle"])
    // Computed with Python from the files: halves by SHA-256, the best mean of the other half by type.
    let scores = report.doubles("score")
    for (found, expected) in zip(scores, [0.623375, 0.42965, 0.465575, 0.465575, 0.5790625, 0.5820375]) {
      #expect(abs(found - expected) < 1e-9, "\(report.strings("config")) \(scores)")
    }
    #expect(report.strings("chosen")[4] == "dropped 48, packed 32")
    #expect(own.printed().contains { $0.hasPrefix("auto: a higher score than the best fixed choice") })

    let table = try own.table("load scores \"\(Self.examples)/choice\" | negatives per=table on=all")
    #expect(table.columnNames == ["set", "type", "tasks", "samples", "baseline", "dropped", "packed"])
    #expect(table.strings("type") == ["QA", "summarization", "few-shot", "synthetic", "code"])
    #expect(table.ints("tasks") == [2, 2, 2, 2, 2] && table.ints("samples") == [16, 16, 16, 16, 16])
    let long = try own.table("load scores \"\(Self.examples)/choice\" | negatives per=score on=all set=[\"packed\"]")
    #expect(long.doubles("score") == zip(table.doubles("baseline"), table.doubles("packed")).flatMap { [$0, $1] })
    let set = try own.table(
      "load scores \"\(Self.examples)/choice\" | negatives per=table set=[\"packed\", \"dropped\"]")
    #expect(set.columnNames == ["set", "theta", "type", "tasks", "samples", "baseline", "packed", "dropped"])
    #expect(try own.problem("load scores \"\(Self.examples)/choice\" | negatives on=all").problem.code == "K023")
  }

  @Test("a choice runs beside the configurations it chooses among, says what it chose, and costs no run of its own")
  func choice() throws {
    let rows = try test.table(Self.run)
    try test.run("train task from=\"\(Self.examples)/tasks.json\"")
    try test.run("train length from=run:last features=hash salts=1")
    let report = try test.table("\(Self.run) | train auto tolerance=50%")
    let printed = test.printed()
    #expect(printed.contains { $0.contains("the classifier learnt from 60 of these prompts") })
    #expect(report.strings("choice").suffix(4) == ["best fixed", "auto", "auto, types predicted", "oracle"])
    #expect(report.ints("n").allSatisfy { $0 == 60 } && report.ints("bytes").count == 7)
    _ = test.progress.taken()

    let line = "compress \(Self.two) | compress auto | run \(Self.data) n=6 max=3 batch=16"
    let chosen = try test.table(line)
    #expect(test.printed().contains { $0.hasPrefix("auto chose ") })
    #expect(chosen.rowCount == 240 && Set(chosen.strings("config")).count == 4)
    let own = (0..<240).filter { chosen.cell($0, "config").text == "auto" }
    #expect(own.count == 60)
    for row in own {
      let (choice, sample) = (chosen.cell(row, "choice").text, chosen.cell(row, "sample").text)
      let fixed = try #require(
        (0..<240).first { chosen.cell($0, "config").text == choice && chosen.cell($0, "sample").text == sample })
      for column in ["text", "output_tokens", "cache_bytes", "score"] {
        #expect(chosen.cell(row, column) == chosen.cell(fixed, column))
      }
      #expect(chosen.cell(fixed, "choice") == .nil)
    }
    // The fixed configurations keep their names in the store.
    #expect(try test.table(Self.run).results == rows.results)
    let past = try test.table("load run=(history | where rows == 240 | tail 1).id[0]")
    #expect(past.strings("config").count { $0 == "auto" } == 60)
    #expect(past.cells("choice") == chosen.cells("choice"))
    let listed = try test.table("history (history | where rows == 240 | tail 1).id[0]")
    #expect(listed.cells("choice") == chosen.cells("choice"))
    // Alone it gives the same rows.
    let alone = try test.table("compress auto among=\(Self.two) | run \(Self.data) n=6 max=3 batch=16 baseline=off")
    #expect(alone.strings("choice") == own.map { chosen.cell($0, "choice").text })
    #expect(alone.strings("text") == own.map { chosen.cell($0, "text").text })
    #expect(try test.table("\(line) | compare fp16 auto on=output_tokens").rowCount == 1)
    let script = try test.run("show (history | where rows > 0 | tail 1).id[0]").display + test.printed().joined()
    #expect(script.contains("compress auto among=[(compress streamingllm budget=32), (compress kivi bits=2)] rule="))
  }

  @Test("without what it chooses by, a choice names the command that makes it")
  func missing() throws {
    let own = try CommandSession()
    let run = "compress auto among=[streamingllm(budget=32)] | run \(Self.data) n=1 max=1"
    #expect(try own.problem("predict task \"a\"").problem.code == "K661")
    #expect(try own.problem("predict task").problem.code == "K020")
    let rule = try own.problem(run).problem
    #expect(rule.code == "K663" && rule.suggestion?.contains("train auto") == true)
    try own.run("load scores \"\(Self.examples)/choice\" | train auto goal=score")
    let classifier = try own.problem(run).problem
    #expect(classifier.code == "K661" && classifier.suggestion?.contains("train task") == true)
    try own.run("train task from=\"\(Self.examples)/tasks.json\"")
    let unknown = try own.problem(run).problem
    #expect(unknown.code == "K664" && unknown.seen.contains("streamingllm budget=32"))
    try own.run("compress streamingllm budget=32 | run \(Self.data) n=2 max=1 | train auto")
    #expect(try own.problem(run).problem.code == "K657")
    try own.run("compress streamingllm budget=32 | run \(Self.data) n=2 max=1 | train auto lengths=typical")
    #expect(try own.table(run).strings("config").contains("auto"))
    #expect(try own.problem("train task").problem.code == "K618")
    let database = try DatabaseQueue(path: own.home + "/store.sqlite")
    try database.write { try $0.execute(sql: "UPDATE trained SET content = '{}'") }
    #expect(try own.problem("predict task \"a\"").problem.code == "K662")
    #expect(try own.problem(run).problem.code == "K662")
  }

  @Test(
    "a choice stands before a run and nowhere else",
    arguments: [
      ("compress auto among=[kivi(bits=2)] | compress h2o", "K666"),
      ("compress auto among=[kivi(bits=2)] | compress auto among=[kivi(bits=4)]", "K666"),
      ("compress auto among=[kivi(bits=2)] | generate \"a\"", "K666"),
      ("compress auto among=[kivi(bits=2)] | measure prefill tokens=64", "K666"), ("auto()", "K666"),
      ("compress auto among=[kivi(bits=2), (compress auto among=[h2o(budget=64)])]", "K666"),
      ("compress [kivi(bits=2), (compress auto among=[h2o(budget=64)])]", "K666"),
      ("[(compress auto among=[h2o(budget=9)]), (compress auto among=[kivi(bits=2)])] | run sharegpt n=1", "K666"),
      ("load scores \"\(examples)/choice\" | train auto goal=score baseline=\"auto\"", "K666"),
      ("compress auto", "K302"), ("compress auto among=7", "K302"),
      ("load scores \"\(examples)/choice\" | train auto", "K605"),
      ("load scores \"\(examples)/choice\" | train auto goal=score tolerance=2", "K023"),
      (
        "[{config: \"fp16\", sample: \"a/1\", score: 1}, {config: \"b\", sample: \"a/1\", score: 1}] | table | train auto",
        "K660"
      ),
      ("train task from=\"\(examples)/tasks.json\" n=2", "K660"), ("train nothing", "K013"),
    ])
  func misplaced(text: String, code: String) throws {
    let problem = try CommandSession().problem(text).problem
    #expect(problem.code == code, "\(text): \(problem)")
  }
}
