import Foundation
import Lang
import Testing

@testable import kvsh

/// `model`, `models`, `tokenize`, `logprobs`, `generate`, `peek`.
@Suite(.serialized)
struct ModelTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  @Test("model tells what the file says, and the digest that scripts/setup checks")
  func model() throws {
    guard case .object(let model as ModelValue) = try test.run("model") else {
      Issue.record("no model")
      return
    }
    let facts: [(String, Value)] = [
      ("layers", .int(30)), ("hidden", .int(576)), ("query_heads", .int(9)), ("kv_heads", .int(3)),
      ("head_dim", .int(64)),
      ("vocabulary", .int(49152)), ("context", .int(8192)), ("cache_bytes_per_token", .int(23_040)),
      ("precision", .string("mixed")),
      ("sha256", .string("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")),
    ]
    for (name, value) in facts { #expect(model.field(name) == value, "\(name)") }
    #expect(try test.run("(model smollm2).layers") == .int(30))
    #expect(try test.run("(model precision=f32).precision") == .string("f32"))
    #expect(try test.run("(model).cache_bytes_per_token") == .int(46_080))
  }

  @Test("models lists the folder, and a beginning is enough of a name unless it means several")
  func models() throws {
    let table = try test.table("models")
    #expect(table.strings("name") == ["\(RealModel.name).gguf"])
    #expect(table.cell(0, "size") == .bytes(98_362_432))
    let folder = test.home + "/models/"
    for name in ["twin-a.gguf", "twin-b.gguf", "twin.gguf"] {
      try FileManager.default.createSymbolicLink(atPath: folder + name, withDestinationPath: try RealModel.path())
    }
    let (problem, _) = try test.problem("model twin-")
    #expect(problem.code == "K502")
    #expect(problem.seen == "'twin-' means 2 models")
    #expect(try test.run("(model twin).path") == .string(folder + "twin.gguf"))
    #expect(try test.run("(model TWIN-B).path") == .string(folder + "twin-b.gguf"))
    #expect(try CommandSession(hasModel: false).table("models | where size > 0B").rowCount == 0)
  }

  @Test("a model that cannot be loaded leaves the one before in use")
  func failure() throws {
    let path = try test.folder.file("x.gguf", "no model")
    #expect(try test.problem("model \"\(path)\"").problem.code == "K202")
    #expect(try test.run("(model).layers") == .int(30))
  }

  @Test("tokenize splits and joins again; special tokens can be plain text")
  func tokenize() throws {
    let table = try test.table("tokenize \"Hello world, 你好 🙂\"")
    #expect(table.columnNames == ["index", "id", "token"])
    #expect(table.ints("index") == Array(0..<table.rowCount))
    #expect(try test.table("tokenize \"Hello world\"").strings("token") == ["Hello", " world"])
    #expect(try test.table("tokenize \"<|im_start|>\"").rowCount == 1)
    #expect(try test.table("tokenize \"<|im_start|>\" special=false").rowCount > 1)
    #expect(try test.table("tokenize \"\"").rowCount == 0)
  }

  @Test("logprobs are the log of a distribution, likeliest first")
  func logprobs() throws {
    let table = try test.table("logprobs \"The capital of France is\" top=5")
    #expect(table.columnNames == ["id", "token", "logprob"])
    #expect(table.strings("token")[0] == " Paris")
    let numbers = table.doubles("logprob")
    #expect(numbers == numbers.sorted(by: >))
    #expect(numbers.map { exp($0) }.reduce(0, +) < 1)
    let all = try test.table("logprobs \"The capital of France is\" top=1000").doubles("logprob")
    #expect(Array(all[..<5]) == numbers)
    #expect(all.map { exp($0) }.reduce(0, +) > 0.97)
  }

  @Test("generate answers greedily, the same twice, and stops where it is told to")
  func generate() throws {
    let line = "generate \"Say: The cat sat on the mat.\" max=12"
    let answer = try test.run(line).text
    #expect(!answer.isEmpty)
    #expect(try test.run(line).text == answer)
    #expect(try test.run("compress h2o budget=4000 | \(line)").text == answer)
    let word = try #require(answer.split(separator: " ").dropFirst().first.map(String.init))
    let cut = try test.run("\(line) stop=\" \(word)\"").text
    #expect(answer.hasPrefix(cut) && !cut.contains(word))
    #expect(try test.run("\(line) temperature=1 seed=1").text != test.run("\(line) temperature=1 seed=2").text)
    #expect(
      try test.run("generate \"One two three\" max=6 chat=off").text
        != test.run("generate \"One two three\" max=6").text)
  }

  @Test("generate is the row that run makes of the same prompt")
  func generateIsRun() throws {
    let path = try test.folder.file("p.txt", "Name a colour.\n")
    let rows = try test.table("compress kivi residual=32 | run prompts file=\"\(path)\" max=8 temperature=0")
    #expect(try test.run("generate \"Name a colour.\" max=8").text == rows.strings("text")[0])
    #expect(
      try test.run("compress kivi residual=32 | generate \"Name a colour.\" max=8").text == rows.strings("text")[1])
  }

  @Test("peek shows the prompt that run gives the model")
  func peek() throws {
    guard case .record(let record) = try test.run("peek sharegpt 1 n=3") else {
      Issue.record("no record")
      return
    }
    let rows = try test.table("run sharegpt n=3 max=1")
    #expect(record["sample"]?.text == rows.strings("sample")[1])
    #expect(record["prompt_tokens"]?.asInt == rows.ints("prompt_tokens")[1])
    #expect(record["prompt"]?.text.hasSuffix("<|im_end|>\n<|im_start|>assistant\n") == true)
    #expect(record["reference"]?.text.isEmpty == false)
    guard case .record(let plain) = try test.run("peek sharegpt 1 n=3 chat=off") else { return }
    #expect(plain["prompt"]?.text.contains("<|im_start|>") == false)
  }
}
