import Foundation
import Lang
import Testing

@testable import kvsh

struct PathCompletionTests {
  private struct Load: Command {
    let signature = Signature(
      "load", summary: "",
      parameters: [
        Parameter("path", .path, doc: "", positional: true, required: true), Parameter("as", .string, doc: ""),
        Parameter("beside", .path, doc: ""), Parameter("n", .int, doc: ""),
      ])
    func run(_ call: Call, in context: Context) throws -> Value { .nil }
  }

  private struct Count: Command {
    let signature = Signature("count", summary: "", parameters: [Parameter("n", .int, doc: "", positional: true)])
    func run(_ call: Call, in context: Context) throws -> Value { .nil }
  }

  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["alpha.csv", "alphabet.kvs", "two words.csv", ".hidden", "q\"uote"] { _ = try folder.file(name, "") }
    try FileManager.default.createDirectory(atPath: folder.path + "/inner dir", withIntermediateDirectories: false)
    _ = try folder.file("inner dir/deep.csv", "")
  }

  /// Completions of a text in which `@` is the folder, with `@` in the place of the folder again.
  private func found(_ text: String) -> [String] {
    let text = text.replacingOccurrences(of: "@", with: folder.path)
    let completion = PathCompletion(commands: CommandRegistry([Load(), Count()]), catalogue: EmptyCatalogue())
    return completion.completions(text, at: text.utf8.count).map { choice in
      let bytes = Array(text.utf8)
      let kept = String(decoding: bytes[..<choice.range.lowerBound], as: UTF8.self)
      return (kept + choice.text).replacingOccurrences(of: folder.path, with: "@")
    }
  }

  @Test(
    "files are named where a path may stand",
    arguments: [
      ("load @/alp", ["load @/alpha.csv", "load @/alphabet.kvs"]),
      ("load @/alpha.", ["load @/alpha.csv"]),
      ("let x = load @/alpha.", ["let x = load @/alpha.csv"]),
      ("load x beside=@/alpha.", ["load x beside=@/alpha.csv"]),
      ("1\ncount 3 | load \"@/alpha.", ["1\ncount 3 | load \"@/alpha.csv\""]),
      ("import '@/alphab", ["import '@/alphabet.kvs'"]),
      ("load @/two", ["load \"@/two words.csv\""]),
      ("load \"@/two w", ["load \"@/two words.csv\""]),
      ("load @/inn", ["load \"@/inner dir/"]),
      ("load \"@/inner dir/", ["load \"@/inner dir/deep.csv\""]),
      ("load @/.h", ["load @/.hidden"]),
      ("load @/q", ["load \"@/q\\\"uote\""]),
      ("load @/nothing", []), ("load @/none/", []), ("load n=@/alp", []),
      ("count @/alp", []),
      ("count alp", []), ("alpha", []), ("", []), ("unknown @/alp", []),
    ])
  func files(text: String, expected: [String]) {
    #expect(found(text) == expected)
  }

  @Test("hidden files show when their dot is typed")
  func hidden() {
    #expect(
      found("load @/") == [
        "load @/alpha.csv", "load @/alphabet.kvs", "load \"@/inner dir/", "load \"@/q\\\"uote\"",
        "load \"@/two words.csv\"",
      ])
  }
}
