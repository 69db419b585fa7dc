import Foundation
import Testing

@testable import Runtime

/// The model file that the tokenizer and chat tests read.
enum SmolLM2 {
  static let path: String = {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["KVSH_HOME"] ?? "\(environment["HOME"] ?? "")/.local/share/kvsh"
    return "\(home)/models/SmolLM2-135M-Instruct.Q4_1.gguf"
  }()

  /// Throws if the file is missing, which fails the test: without it nothing here was checked.
  static func file() throws -> GGUFFile {
    guard FileManager.default.fileExists(atPath: path) else {
      throw RuntimeProblem("K201", seen: "cannot open \(path)", suggestion: "run scripts/setup, which fetches it")
    }
    return try GGUFFile(path: path)
  }
}

/// A row of tokenizer.jsonl: the ids that the `tokenizers` library gives (golden/README.md).
struct TokenizerRow: Decodable, Sendable {
  var id: Int
  var text: String
  var ids: [Int32]
  var decoded: String
  /// Ids with special tokens read as ordinary text, where they differ.
  var idsPlain: [Int32]?

  enum CodingKeys: String, CodingKey {
    case id, text, ids, decoded
    case idsPlain = "ids_plain"
  }
}

@Suite("The tokenizer of SmolLM2")
struct TokenizerGoldenTests {
  private static let tokenizer = Result { try Tokenizer(SmolLM2.file()) }

  private func check(_ file: URL, count: Int) throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    let rows = try GoldenFolder.rows(TokenizerRow.self, file)
    #expect(rows.count == count)
    for row in rows {
      #expect(tokenizer.encode(row.text, parseSpecial: true) == row.ids, "row \(row.id)")
      #expect(tokenizer.encode(row.text, parseSpecial: false) == row.idsPlain ?? row.ids, "row \(row.id), plain")
      // Compared as bytes: Swift's == holds different spellings of one character for equal.
      #expect(Array(tokenizer.decode(row.ids).utf8) == Array(row.decoded.utf8), "row \(row.id), decoded")
      var stream = StreamDecoder(tokenizer)
      let streamed = row.ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(Array(streamed.utf8) == Array(row.decoded.utf8), "row \(row.id), streamed")
    }
  }

  @Test("60 rows of the golden set are exact: ids, plain ids, text, streamed text")
  func fixture() throws {
    try check(PackageFolder.fixture("tokenizer.jsonl"), count: 60)
  }

  // The golden folder is too large for the repository; the test above holds rows of every kind of it.
  @Test(
    "all 600 golden rows are exact",
    .enabled(if: GoldenFolder.has("tokenizer.jsonl"), "set KVSH_GOLDEN to the golden folder"))
  func golden() throws {
    try check(GoldenFolder.url.appendingPathComponent("tokenizer.jsonl"), count: 600)
  }

  @Test("the file's own ids and flags are read")
  func identifiers() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    #expect(tokenizer.vocabularySize == 49_152)
    #expect(tokenizer.preTokeniser == .smollm)
    #expect(tokenizer.bosId == 1)
    #expect(tokenizer.eosId == 2)
    #expect(tokenizer.eotId == 2)
    #expect(!tokenizer.addsBos)
    #expect(tokenizer.isSpecial(0))
    #expect(!tokenizer.isSpecial(17))
    #expect(tokenizer.missingBytes.count == 21)
  }

  @Test("bytes that have no token are left out, and their neighbours merge")
  func missingBytes() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    #expect(tokenizer.encode("!\u{4}!", parseSpecial: false) == tokenizer.encode("!!", parseSpecial: false))
    #expect(tokenizer.encode("\u{4}", parseSpecial: false).isEmpty)
  }

  @Test("ids outside the vocabulary decode to a replacement character")
  func outOfRange() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    #expect(tokenizer.decode([-1, 1, 49_152, .max, .min]) == "\u{FFFD}<|im_start|>\u{FFFD}\u{FFFD}\u{FFFD}")
    #expect(tokenizer.tokenBytes(49_152) == nil)
    #expect(tokenizer.tokenBytes(-1) == nil)
  }

  @Test("decoding without special tokens leaves the text")
  func skipSpecial() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    let ids = tokenizer.encode("<|im_start|>user\nhi<|im_end|>\n", parseSpecial: true)
    #expect(tokenizer.decode(ids, skipSpecial: true) == "user\nhi\n")
  }

  @Test("a megabyte of text, and one word of a megabyte, encode and decode to themselves")
  func large() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    let rows = try GoldenFolder.rows(TokenizerRow.self, PackageFolder.fixture("tokenizer.jsonl"))
    let sample = rows.filter { $0.decoded == $0.text }.map(\.text).joined(separator: "\n")
    let text = String(repeating: sample, count: 1 + 1_000_000 / sample.utf8.count)
    #expect(tokenizer.decode(tokenizer.encode(text, parseSpecial: true)) == text)
    let word = String(repeating: "abcde", count: 200_000)
    #expect(tokenizer.decode(tokenizer.encode(word, parseSpecial: true)) == word)
  }

  @Test("threads that share a tokenizer get the ids that one alone gets")
  func threads() async throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer.get()
    let rows = try GoldenFolder.rows(TokenizerRow.self, PackageFolder.fixture("tokenizer.jsonl"))
    await withTaskGroup(of: Bool.self) { group in
      for row in rows { group.addTask { tokenizer.encode(row.text, parseSpecial: true) == row.ids } }
      for await isEqual in group { #expect(isEqual) }
    }
  }
}
