import Foundation
import Lang
import Testing

@testable import kvsh

/// `data`, `peek`, and what `run` makes of the user's files.
@Suite(.serialized)
struct DataTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  static let conversations = """
    [
     {"id": "tea", "conversations": [{"from": "human", "value": "How long should green tea steep?"},
      {"from": "gpt", "value": "Two to three minutes in water that is not boiling any more."}]},
     {"id": "bread", "conversations": [{"from": "human", "value": "Name three flours that bread is baked from."},
      {"from": "gpt", "value": "Wheat, rye and spelt are the usual ones."}]},
     {"id": "rain", "conversations": [{"from": "human", "value": "Why does rain smell the way it does?"},
      {"from": "gpt", "value": "Soil bacteria make geosmin, which drops throw into the air."}]},
     {"id": "alone", "conversations": [{"from": "human", "value": "A prompt that nobody answered."}]}
    ]
    """

  @Test("data lists what there is, with its source and licence")
  func list() throws {
    let table = try test.table("data")
    #expect(table.strings("name") == ["sharegpt", "prompts", "longbench", "passkey", "recall"])
    #expect(table.strings("file") == ["bundled sample", "file=PATH", "file=PATH", "generated", "generated"])
    #expect(table.strings("licence").allSatisfy { !$0.isEmpty })
  }

  @Test("data add sharegpt takes the bundled sample's place until it is removed")
  func addSharegpt() throws {
    let path = try test.folder.file("own.json", Self.conversations)
    try test.run("data add sharegpt \"\(path)\"")
    #expect(test.printed() == ["sharegpt: 4 records of sharegpt in \(path)"])
    let listed = try test.table("data")
    #expect(listed.strings("file") == ["file=PATH", "file=PATH", "generated", "generated", path])
    let rows = try test.table("run sharegpt n=5 max=4")
    #expect(Set(rows.strings("sample")) == ["tea", "bread", "rain"])
    #expect(test.printed() == ["note: n=5 asked, 3 available"])
    #expect(try test.table("run sharegpt n=2 max=4").rowCount == 2)
    #expect(test.printed() == [])
    #expect(try test.table("run sharegpt n=9 max=4 min_turns=1").rowCount == 4)
    _ = test.printed()
    try test.run("data remove sharegpt")
    #expect(test.printed() == ["sharegpt is forgotten; its file is left alone"])
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try test.table("run sharegpt n=1 max=4").strings("sample").first?.hasPrefix("kvsh_") == true)
    try test.run("data remove sharegpt")
    #expect(test.printed() == ["there was no file under sharegpt"])
  }

  @Test("a file gets a name of its own, which run, peek and help know at once")
  func addPrompts() throws {
    let path = try test.folder.file("prompts.txt", "What is a cache?\n\nSay yes.\n")
    try test.run("data add own \"\(path)\"")
    #expect(test.printed() == ["own: 2 records of prompts in \(path)"])
    let rows = try test.table("compress kivi | run own max=4")
    #expect(rows.strings("sample") == ["line 1", "line 3", "line 1", "line 3"])
    #expect(try test.table("run own n=1 max=4").rowCount == 1)
    guard case .record(let record) = try test.run("peek own 1") else { return }
    #expect(record["sample"] == .string("line 3"))
    #expect(record["prompt"]?.text.hasSuffix("<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n") == true)
    _ = test.printed()
    try test.run("help own")
    #expect(test.printed().joined().contains("own  (dataset)"))
    try test.run("data remove own")
    #expect(try test.problem("run own max=4").problem.code == "K013")
  }

  @Test("the same file by file= gives the same rows, without a name")
  func file() throws {
    let path = try test.folder.file("own.json", Self.conversations)
    let rows = try test.table("run sharegpt n=3 max=4 file=\"\(path)\"")
    _ = test.progress.taken()
    try test.run("data add sharegpt \"\(path)\"")
    #expect(try test.table("run sharegpt n=3 max=4") == rows)
    #expect(test.progress.taken().isEmpty)
  }

  @Test("output= runs to the reference's length or to a number, past the end of the turn")
  func fixedLengths() throws {
    let path = try test.folder.file("own.json", Self.conversations)
    let rows = try test.table("run sharegpt n=3 output=\"reference\" file=\"\(path)\"")
    for row in 0..<3 {
      let sample = rows.strings("sample")[row]
      let answer = try #require(
        Self.conversations.firstMatch(of: try Regex("\"\(sample)\".*\\n.*\"gpt\", \"value\": \"([^\"]*)\"")))
      let tokens = try test.table("tokenize \"\(answer.output[1].substring ?? "")\"").rowCount
      #expect(rows.ints("output_tokens")[row] == tokens)
      #expect(rows.strings("finish")[row] == "length")
    }
    #expect(try test.table("run sharegpt n=2 output=5 file=\"\(path)\"").ints("output_tokens") == [5, 5])
    _ = test.printed()
    #expect(try test.table("run sharegpt n=2 output=9000 file=\"\(path)\"").rowCount == 0)
    #expect(test.printed() == ["note: n=2 asked, 0 available"])
  }

  @Test(
    "a file that cannot be used is refused with its record, and nothing is registered",
    arguments: [
      (
        "[{\"id\": 1, \"conversations\": [{\"from\": \"human\", \"value\": \"a\"}, {\"from\": \"gpt\", \"value\": \"b\"}]}, {\"conversations\": 3}]",
        "K404", "record 2"
      ),
      ("[{\"id\": 1, \"conversations\": []}, {\"id\": 2,", "K403", "record 2"),
      ("[", "K403", ""), ("[]", "K405", ""), ("", "K405", ""), ("\n \n", "K405", ""),
    ])
  func broken(text: String, code: String, part: String) throws {
    let path = try test.folder.file("broken.json", text)
    for name in ["sharegpt", "x"] {
      let (problem, _) = try test.problem("data add \(name) \"\(path)\"")
      #expect(problem.code == code || (code == "K405" && problem.code == "K403"), "\(problem)")
      #expect(problem.seen.hasPrefix(path))
      if name == "sharegpt", !part.isEmpty { #expect(problem.seen.contains(part), "\(problem)") }
      #expect(problem.span?.text == "\"\(path)\"")
    }
    #expect(try test.table("data").strings("reads") == ["sharegpt", "prompts", "longbench", "passkey", "recall"])
    #expect(try test.problem("run sharegpt n=1 file=\"\(path)\"").problem.span?.text == "sharegpt")
  }

  @Test("names that are no names, and files that are not there")
  func names() throws {
    let path = try test.folder.file("p.txt", "a\n")
    #expect(try test.problem("data add \"1 x\" \"\(path)\"").problem.code == "K407")
    #expect(try test.problem("data add x \"\(path).gone\"").problem.code == "K201")
    // A folder may hold the files of LongBench; this one has none of them.
    #expect(try test.problem("data add x \"\(test.folder.path)\"").problem.code == "K405")
    try Data("{".utf8).write(to: URL(fileURLWithPath: test.home + "/data.json"))
    #expect(try test.problem("data").problem.code == "K408")
    #expect(try test.problem("run sharegpt n=1").problem.code == "K408")
  }

  @Test("a prompt longer than the context loses its middle inside an intact template, and its row says so")
  func truncation() throws {
    let model = test.folder.path + "/short.gguf"
    try RealModel.copy(to: model, contextTokens: 128)
    let words =
      "First come these words. " + String(repeating: "Then much more follows here. ", count: 60) + "The end is near."
    let path = try test.folder.file("long.txt", words + "\nShort one.\n")
    try test.run("model \"\(model)\"")
    let rows = try test.table("compress kivi residual=32 | run prompts file=\"\(path)\" max=16")
    #expect(rows.strings("truncated") == ["true", "false", "true", "false"])
    #expect(rows.ints("prompt_tokens")[0] <= 112 && rows.ints("prompt_tokens")[0] > 100)
    #expect(rows.ints("output_tokens").allSatisfy { $0 <= 16 })
    #expect(test.printed().contains("note: 1 of 2 prompts lost their middle to fit"))
    guard case .record(let record) = try test.run("peek prompts file=\"\(path)\" max=16") else { return }
    let prompt = record["prompt"]?.text ?? ""
    #expect(record["truncated"] == .bool(true))
    #expect(record["prompt_tokens"]?.asInt == rows.ints("prompt_tokens")[0])
    #expect(prompt.hasPrefix("<|im_start|>system\n"))
    #expect(prompt.contains("<|im_start|>user\nFirst come these words."))
    #expect(prompt.hasSuffix("The end is near.<|im_end|>\n<|im_start|>assistant\n"))
    #expect(try test.problem("run prompts file=\"\(path)\" max=120").problem.code == "K606")
  }

  @Test("real prompts of people run")
  func realFile() throws {
    let path =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
      + "/../../../../shared/data/sharegpt/sharegpt_1000.json"
    guard FileManager.default.fileExists(atPath: path) else {
      print("skipped: no ../shared/data/sharegpt/sharegpt_1000.json beside this copy of kvsh")
      return
    }
    let rows = try test.table(
      "compress kivi residual=32 | run sharegpt n=3 max=4 min_turns=1 max_prompt=300 file=\"\(path)\"")
    #expect(rows.rowCount == 6)
    #expect(rows.ints("prompt_tokens").allSatisfy { $0 < 400 })
  }
}
