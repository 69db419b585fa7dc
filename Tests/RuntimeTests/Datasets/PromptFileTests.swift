import Foundation
import Testing

@testable import Runtime

@Suite("files of prompts") struct PromptFileTests {
  private static func read(_ text: String, _ name: String = "mine.txt") throws -> PromptFile {
    try PromptFile(Array(text.utf8), name: name)
  }

  @Test("plain text is one prompt a line; blank lines, a byte order mark and Windows line ends are no part of it")
  func plainText() throws {
    let file = try Self.read("\u{feff}first prompt\r\n\r\n  second: {x} \n\nthird")
    #expect(file.form == .text)
    #expect(file.prompts.map(\.text) == ["first prompt", "second: {x}", "third"])
    #expect(file.prompts.map(\.line) == [1, 3, 5])
  }

  @Test("JSON Lines is known by the name or by its first line", arguments: ["mine.jsonl", "mine.txt"])
  func jsonLines(name: String) throws {
    let file = try Self.read(
      #"{"id": 7, "prompt": "a\nb", "reference": "c", "more": [1]}"# + "\n\n"
        + #"{"prompt":"caf\u00e9","reference":null}"# + "\n", name)
    #expect(file.form == .jsonl)
    #expect(
      file.prompts == [
        .init(line: 1, id: "7", text: "a\nb", reference: "c"), .init(line: 3, id: nil, text: "café", reference: nil),
      ])
  }

  @Test("a first line that merely looks like an object is text")
  func braces() throws {
    #expect(try Self.read("{name}, hello\nbye").form == .text)
    #expect(try Self.read("{\"prompt\": \"a\"}", "x").form == .jsonl)
    #expect(try PromptFile(Array("{\"prompt\": \"a\"}".utf8), name: "x", form: .text).prompts.first?.text.count == 15)
  }

  @Test(
    "a bad line is named by number and byte",
    arguments: [
      ("", "K405: mine.jsonl: the file has no prompts; expected one prompt a line"),
      (" \n\n", "K405: mine.jsonl: the file has no prompts; expected one prompt a line"),
      ("{\"prompt\":\"a\"}\n[1]", "K404: mine.jsonl: line 2 (byte 15): the line is an array; expected \(form)"),
      (#"{"text":"a"}"#, "K404: mine.jsonl: line 1 (byte 0): the object has no `prompt`; expected \(form)"),
      (#"{"prompt":""}"#, "K404: mine.jsonl: line 1 (byte 0): `prompt` is empty; expected \(form)"),
      (#"{"prompt":3}"#, "K404: mine.jsonl: line 1 (byte 10): `prompt` is a number; expected a string"),
      (
        #"{"prompt":"a","#,
        "K403: mine.jsonl: line 1 (byte 14): the text ends where a key in quotes should stand"
      ),
      (
        #"{"prompt":"a"} x"#,
        "K403: mine.jsonl: line 1 (byte 15): found 'x', expected the end of the line after the object"
      ),
    ])
  func badLines(text: String, message: String) {
    let problem = #expect(throws: RuntimeProblem.self) { try Self.read(text, "mine.jsonl") }
    #expect(problem?.description == message)
  }

  private static let form = #"an object {"prompt": "text", "reference": "text"}"#

  @Test("text that is not UTF-8 is refused")
  func invalidUTF8() {
    let problem = #expect(throws: RuntimeProblem.self) {
      try PromptFile(Array("good\n".utf8) + [0xff, 0x41], name: "mine.txt")
    }
    #expect(problem?.description == "K403: mine.txt: line 2 (byte 5): the line is not valid UTF-8")
  }

  @Test("changed bytes never trap", arguments: 0..<4 as Range<UInt64>)
  func fuzz(seed: UInt64) {
    let sample = Array(
      "{\"id\":\"é\",\"prompt\":\"a\\u00e9\\ud83d\\ude00\"}\n\n{\"prompt\":\"b\",\"reference\":\"c\"}\n".utf8)
    var generator = PythonRandom(seed: seed)
    var good = 0
    for _ in 0..<1_000 {
      var bytes = Array(sample.prefix(1 + generator.below(sample.count)))
      bytes[generator.below(bytes.count)] = UInt8(generator.below(256))
      for name in ["a.jsonl", "a.txt"] {
        do {
          good += try PromptFile(bytes, name: name).prompts.count
        } catch {
          #expect(error is RuntimeProblem)
        }
      }
    }
    #expect(good > 0)
  }

  @Test("the data set runs a file in its order and needs one to run")
  func dataset() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "mine.jsonl", #"{"id":"q","prompt":"a b c","reference":"d e"}"# + "\n" + #"{"prompt":"f"}"#)
    let found = try Datasets.find("prompts", home: nil)
    let count: (String) -> Int = { $0.split(separator: " ").count }
    let all = try found.load(["file": .string(path)], countTokens: count)
    #expect(
      all.requests == [
        Request(id: "q", prompt: "a b c", reference: "d e", promptTokens: 3, referenceTokens: 2, meta: ["line": "1"]),
        Request(id: "line 2", prompt: "f", promptTokens: 1, meta: ["line": "2"]),
      ])
    #expect(all.shortfall == nil)
    let three = try found.load(["file": .string(path), "n": .int(3)], countTokens: count)
    #expect(three.shortfall == "n=3 asked, 2 available")
    let problem = #expect(throws: RuntimeProblem.self) { try found.load(countTokens: count) }
    #expect(
      problem?.description
        == "K402: prompts has no file to read (run prompts file=\"PATH\", or: data add prompts PATH)")
  }
}
