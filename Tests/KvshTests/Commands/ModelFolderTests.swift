import Foundation
import Lang
import Testing

@testable import kvsh

/// `model PATH` with a folder of config.json, safetensors and tokenizer.json.
@Suite(.serialized)
struct ModelFolderTests {
  let test: CommandSession

  init() throws { test = try CommandSession(hasModel: false) }

  private func fixture(_ family: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("RuntimeTests/Fixtures/families/\(family)").path
  }

  @Test("a folder and a GGUF file of the same model tell the same sizes", arguments: ["llama", "qwen3", "phi3"])
  func sizes(_ family: String) throws {
    for name in ["layers", "hidden", "query_heads", "kv_heads", "head_dim", "vocabulary", "context"] {
      #expect(
        try test.run("(model \"\(fixture(family))\").\(name)")
          == test.run("(model \"\(fixture(family)).gguf\").\(name)"))
    }
    #expect(try test.run("(model \"\(fixture(family))\").name") == .string(family))
  }

  @Test("a folder runs, compressed and not, and its rows are keyed by its files")
  func runs() throws {
    _ = try test.run("model \"\(fixture("qwen3"))\"")
    let text = "generate \"The cache holds the keys and the values\" max=9 chat=off"
    guard case .string(let plain) = try test.run(text),
      case .string(let kept) = try test.run("compress h2o heavy=100 recent=100 | " + text),
      case .string = try test.run("compress h2o heavy=2 recent=2 | " + text)
    else {
      Issue.record("no answer")
      return
    }
    #expect(plain == kept && !plain.isEmpty)
    let digests = try ["qwen3", "qwen2"].map { try test.run("(model \"\(fixture($0))\").sha256") }
    #expect(digests[0] != digests[1])
  }

  @Test("a folder without config.json is one problem at the path")
  func empty() throws {
    let folder = test.home + "/empty"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let (problem, _) = try test.problem("model \"\(folder)\"")
    #expect(problem.code == "K214")
    #expect(problem.seen == "empty: the folder has no config.json")
  }

  @Test("model folders of the models folder are listed with the bytes of their files, and found by name")
  func listed() throws {
    let models = test.home + "/models"
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: models + "/tiny", withDestinationPath: fixture("qwen3"))
    let table = try test.table("models")
    #expect(table.strings("name") == ["tiny"])
    #expect(table.cell(0, "size") != .nil)
    #expect(try test.run("(model tiny).layers") == .int(2))
  }
}
