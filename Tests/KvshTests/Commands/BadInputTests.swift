import Foundation
import Lang
import Testing

@testable import kvsh

/// Bad input: one problem with its code and its place, before anything runs where that can be known.
@Suite(.serialized)
struct BadInputTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  struct Case: Sendable {
    let line: String
    let code: String
    /// The text that the main label marks.
    let place: String
    var seen = ""
    /// The text of the second label.
    var from: String?
  }

  static let unchecked: [Case] = [
    Case(line: "rnu sharegpt n=1", code: "K011", place: "rnu"),
    Case(line: "compress kiwi bits=2 | run sharegpt n=1", code: "K013", place: "kiwi"),
    Case(line: "compress h2o/paper", code: "K013", place: "h2o/paper"),
    Case(line: "compress kivi bit=2", code: "K014", place: "bit"),
    Case(line: "compress kivi budget=512", code: "K014", place: "budget"),
    Case(line: "run shargpt n=1", code: "K013", place: "shargpt"),
    Case(line: "run sharegpt nn=1", code: "K014", place: "nn"),
    Case(line: "run prompts min_turns=1", code: "K014", place: "min_turns"),
    Case(line: "run sharegpt n=1 | plot lengthdif", code: "K013", place: "lengthdif"),
    Case(line: "compress kivi bits=3", code: "K024", place: "3", seen: "`bits` must be 2, 4 or 8; 3 was given"),
    Case(line: "compress kivi bits=[2, 3]", code: "K024", place: "[2, 3]"),
    Case(line: "compress kivi group=48", code: "K024", place: "48"),
    Case(
      line: "compress kivi residual=100", code: "K304", place: "100",
      seen: "kivi: group=32 does not divide residual=100"),
    Case(line: "compress gear mode=group bits=8", code: "K304", place: "8"),
    Case(line: "compress streamingllm budget=4", code: "K304", place: "4"),
    Case(line: "compress streamingllm sink=64 budget=64", code: "K304", place: "64"),
    Case(line: "compress h2o budget=1", code: "K303", place: "1"),
    Case(line: "compress h2o budget=64 heavy=64", code: "K304", place: "64"),
    Case(line: "compress h2o budget=0%", code: "K303", place: "0%"),
    Case(line: "compress h2o ratio=1.5", code: "K303", place: "1.5"),
    Case(line: "run sharegpt n=0", code: "K023", place: "0", seen: "`n` must be 1 to 1000000; 0 was given"),
    Case(line: "run sharegpt n=-1", code: "K023", place: "-1"),
    Case(line: "run sharegpt n=1 max=0", code: "K023", place: "0"),
    Case(line: "run sharegpt n=1 batch=0", code: "K023", place: "0"),
    Case(line: "run sharegpt n=1 temperature=-1", code: "K023", place: "-1"),
    Case(line: "run sharegpt n=\"many\"", code: "K022", place: "\"many\""),
    Case(line: "measure speed", code: "K013", place: "speed"),
    Case(line: "measure", code: "K020", place: "measure"),
    Case(line: "measure prefill depth=3", code: "K014", place: "depth"),
    Case(line: "measure decode tokens=3", code: "K014", place: "tokens"),
    Case(line: "measure prefill tokens=0", code: "K023", place: "0"),
    Case(line: "measure prefill tokens=[1, 0]", code: "K023", place: "[1, 0]"),
    Case(line: "measure decode batch=0", code: "K023", place: "0"),
    Case(line: "measure decode repeat=0", code: "K023", place: "0"),
    Case(line: "models | measure prefill", code: "K030", place: "measure prefill", from: "models"),
    Case(line: "perplexity", code: "K020", place: "perplexity"),
    Case(line: "perplexity \"x\" window=1", code: "K023", place: "1"),
    Case(line: "perplexity \"x\" feed=fast", code: "K024", place: "fast"),
    Case(line: "data frob", code: "K024", place: "frob"),
    Case(line: "plot lengthdiff", code: "K031", place: "plot lengthdiff"),
    Case(
      line: "run sharegpt n=1 | compress kivi", code: "K030", place: "compress kivi",
      seen: "`compress` cannot work on a table", from: "run sharegpt n=1"),
    Case(line: "compress kivi | plot lengthdiff", code: "K030", place: "plot lengthdiff", from: "compress kivi"),
    Case(line: "compress kivi | lengths", code: "K030", place: "lengths", from: "compress kivi"),
    Case(line: "models | run sharegpt n=1", code: "K030", place: "run sharegpt n=1", from: "models"),
  ]

  @Test("what can be known before running is", arguments: unchecked)
  func checked(each: Case) throws {
    let (problem, isChecked) = try test.problem(each.line)
    #expect(isChecked)
    verify(problem, each)
    #expect(test.progress.taken().isEmpty)
  }

  static let whileRunning: [Case] = [
    Case(
      line: "compress kivi group=128 | run sharegpt n=1", code: "K305", place: "compress kivi group=128",
      seen: "group=128 does not divide the model's head dimension 64"),
    Case(line: "compress kivi group=128 | generate \"x\"", code: "K305", place: "compress kivi group=128"),
    Case(
      line: "compress kivi group=128 | measure memory", code: "K305", place: "compress kivi group=128"),
    Case(
      line: "measure prefill tokens=9000", code: "K603", place: "9000", seen: "a text of 9000 tokens"),
    Case(line: "measure decode depth=8190", code: "K603", place: "8190", seen: "a text of 8256 tokens"),
    Case(
      line: "compress kivi | measure decode depth=8000 batch=1024", code: "K607", place: "8000"),
    Case(
      line: "[] | measure memory", code: "K302", place: "[]", seen: "`measure` was given a list without configurations"),
    Case(line: "perplexity \"/nowhere/x.txt\"", code: "K504", place: "\"/nowhere/x.txt\""),
    Case(line: "run prompts", code: "K402", place: "prompts"),
    Case(line: "run prompts file=\"/nowhere/x.txt\"", code: "K201", place: "prompts"),
    Case(
      line: "run sharegpt n=1 max=20000", code: "K606", place: "20000",
      seen: "max=20000 leaves 0 of 8192 tokens for the prompt"),
    Case(line: "run sharegpt n=1 max=8190", code: "K606", place: "8190"),
    Case(line: "generate \"x\" max=8192", code: "K606", place: "8192"),
    Case(line: "run sharegpt n=1 max=2 | plot lengthdiff", code: "K605", place: "run sharegpt n=1 max=2"),
    Case(
      line: "compress kivi | run sharegpt n=1 max=2 baseline=off | lengths", code: "K605",
      place: "run sharegpt n=1 max=2 baseline=off", seen: "there are no rows of the baseline, `fp16`"),
    Case(
      line: "table [{a: 1}] | plot lengthdiff", code: "K605", place: "table [{a: 1}]",
      seen: "the table has no column `config`"),
    Case(
      line: "table [{config: \"fp16\", sample: 1, output_tokens: \"x\", finish: \"eos\"}] | lengths", code: "K605",
      place: "table [{config: \"fp16\", sample: 1, output_tokens: \"x\", finish: \"eos\"}]",
      seen: "row 0 (fp16, sample 1) has output_tokens \"x\""),
    Case(line: "[] | run sharegpt n=1", code: "K302", place: "[]"),
    Case(line: "[7] | compress kivi", code: "K302", place: "[7]"),
    Case(line: "compress [kivi(), h2o()] | generate \"x\"", code: "K302", place: "compress [kivi(), h2o()]"),
    Case(line: "peek sharegpt n=2 5", code: "K406", place: "5", seen: "sample 5 of 2"),
    Case(line: "logprobs \"\"", code: "K603", place: "\"\""),
    Case(line: "model nonsense", code: "K502", place: "nonsense", seen: "there is no model 'nonsense'"),
    Case(line: "model \"/nowhere/x.gguf\"", code: "K502", place: "\"/nowhere/x.gguf\""),
    Case(line: "help nonsense", code: "K063", place: "nonsense"),
    Case(line: "data list sharegpt", code: "K021", place: "sharegpt"),
    Case(line: "data remove x y", code: "K021", place: "y"),
    Case(line: "data add x", code: "K020", place: "data add x"),
    Case(
      line: "load \"/nowhere/x.csv\"", code: "K504", place: "\"/nowhere/x.csv\"",
      seen: "the file /nowhere/x.csv cannot be read: there is no such file"),
    Case(line: "load \"x\"", code: "K505", place: "\"x\""),
    Case(line: "load \"x.html\"", code: "K505", place: "\"x.html\""),
    Case(
      line: "table [{a: 1}] | save \"/nowhere/x.csv\"", code: "K503", place: "\"/nowhere/x.csv\"",
      seen: "/nowhere/x.csv cannot be written: its folder does not exist"),
    Case(line: "table [{a: 1}] | save \"x.svg\"", code: "K505", place: "\"x.svg\""),
    Case(line: "table [{a: 1}] | save \"x\"", code: "K505", place: "\"x\""),
    Case(line: "1 | save \"x.csv\"", code: "K505", place: "\"x.csv\""),
  ]

  @Test("what shows only while running has its place too", arguments: whileRunning)
  func running(each: Case) throws {
    let (problem, isChecked) = try test.problem(each.line)
    #expect(!isChecked)
    verify(problem, each)
  }

  private func verify(_ problem: Problem, _ each: Case) {
    #expect(problem.code == each.code, "\(problem)")
    #expect(problem.span?.text == each.place, "\(problem)")
    if !each.seen.isEmpty { #expect(problem.seen == each.seen) }
    if let from = each.from { #expect(problem.labels.dropFirst().first?.span.text == from) }
    #expect(test.session.problems[problem.code] != nil, "help \(problem.code)")
    #expect(!problem.seen.contains("\n"))
  }

  @Test("files that are no tables are refused with the line")
  func unreadableTables() throws {
    let cases: [(String, Data, String, String)] = [
      ("cells.csv", Data("a,b\n1,2\n3\n".utf8), "K062", "line 3"),
      ("quote.csv", Data("a\n\"x\n".utf8), "K062", ""),
      ("broken.json", Data("[{\"a\": 1}, {\"a\": ".utf8), "K062", ""),
      ("number.json", Data("3".utf8), "K062", ""),
      ("second.jsonl", Data("{\"a\": 1}\n{\"a\" 2}\n".utf8), "K062", "line 2"),
      ("binary.csv", Data([0x61, 0x0A, 0xFF, 0xFE]), "K504", "is not text"),
    ]
    for (name, bytes, code, part) in cases {
      let path = test.folder.path + "/" + name
      try bytes.write(to: URL(fileURLWithPath: path))
      let (problem, _) = try test.problem("load \"\(path)\"")
      #expect(problem.code == code, "\(name): \(problem)")
      #expect(part.isEmpty || problem.seen.contains(part), "\(name): \(problem)")
      #expect(problem.span?.text == "\"\(path)\"")
    }
    let folder = test.folder.path + "/folder.csv"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(try test.problem("load \"\(folder)\"").problem.seen == "the file \(folder) cannot be read: it is a folder")
    let (problem, _) = try test.problem("table [{a: 1}] | save \"\(folder)\"")
    #expect(problem.code == "K503")
    #expect(problem.seen == "\(folder) cannot be written: it is a folder")
  }

  @Test("a problem in the middle keeps the rows that are finished")
  func keepsRows() throws {
    let text = "let rows = run sharegpt n=2 max=4\nrows | plot lengthdiff"
    #expect(try test.problem(text).problem.code == "K605")
    #expect(!test.progress.taken().isEmpty)
    #expect(try test.table("run sharegpt n=2 max=4").rowCount == 2)
    #expect(test.progress.taken().isEmpty)
  }
}
