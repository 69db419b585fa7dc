import Foundation
import Testing

@testable import Runtime

/// A row of llmlingua.jsonl: what the package gives with SmolLM2 in single precision (golden/README.md).
struct LlmlinguaRow: Decodable, Sendable {
  var id: String
  /// One context, for the rows of one.
  var text: String?
  var rate: Double?
  var compressedIds: [Int32]?
  /// Several, with the mean loss of each by itself.
  var docs: [String]?
  var pplNone: [Double]?

  enum CodingKeys: String, CodingKey {
    case id, text, rate, docs
    case compressedIds = "compressed_ids"
    case pplNone = "ppl_none"
  }
}

extension RealModelTests {
  /// LLMLingua against the authors' package.
  struct GoldenLlmlinguaTests {
    static func check(_ row: LlmlinguaRow) throws {
      let pass = try EngineTrial(SharedModel.get(.f32)).pass()
      let tokenizer = try Tokenizer(SmolLM2.file())
      if let text = row.text, let rate = row.rate, let expected = row.compressedIds {
        let compressor = try Compressor("llmlingua/code", ["budget": .budget(.share(rate))])
        let prompt = Prompt(ids: tokenizer.encode(text, parseSpecial: true))
        let found = try PromptModel(pass, tokenizer, chunkTokens: 2_048, nil)
          .rewrite(prompt, for: pass.makeCache(compressor))
        let same = Double(Self.common(found, expected)) / Double(max(found.count, expected.count))
        #expect(same >= 0.98, "\(row.id) at \(rate): \(found.count) ids, \(expected.count) expected, \(same) the same")
      }
      if let docs = row.docs, let expected = row.pplNone {
        let found = try PromptModel(pass, tokenizer, chunkTokens: 2_048, nil)
          .meanLosses(of: docs.map { tokenizer.encode($0, parseSpecial: true) })
        #expect(largestDifference(found.map(Float.init), expected.map(Float.init)) < 1e-3, "\(row.id)")
      }
    }

    /// Tokens of the longest common subsequence.
    static func common(_ a: [Int32], _ b: [Int32]) -> Int {
      var line = [Int](repeating: 0, count: b.count + 1)
      for token in a {
        var diagonal = 0
        for place in b.indices {
          let above = line[place + 1]
          line[place + 1] = token == b[place] ? diagonal + 1 : max(above, line[place])
          diagonal = above
        }
      }
      return line[b.count]
    }

    @Test("three rows of the package, kept in the repository")
    func fixture() throws {
      let rows = try GoldenFolder.rows(LlmlinguaRow.self, PackageFolder.fixture("llmlingua_subset.jsonl"))
      #expect(rows.count == 3)
      for row in rows { try Self.check(row) }
    }

    @Test(
      "rows of the package",
      .enabled(if: GoldenFolder.has("llmlingua.jsonl"), "the golden folder is not there"))
    func all() throws {
      let rows = try GoldenFolder.rows(LlmlinguaRow.self, GoldenFolder.url.appendingPathComponent("llmlingua.jsonl"))
      #expect(rows.count == 14)
      for row in GoldenFolder.part(rows) { try Self.check(row) }
    }

    // The sheet's numbers, in single precision on the file's weights.
    @Test("losses of a sentence are the sheet's")
    func sentence() throws {
      let tokenizer = try Tokenizer(SmolLM2.file())
      let ids = tokenizer.encode(
        "The capital of France is Paris. It lies on the river Seine.", parseSpecial: false)
      let model = PromptModel(try EngineTrial(SharedModel.get(.f32)).pass(), chunkTokens: 2_048, nil)
      let losses = try model.losses(of: ids[...], on: model.makeCache())
      #expect(ids.count == 15)
      let byToken = Dictionary(
        zip(ids.dropFirst().map(tokenizer.tokenText), losses), uniquingKeysWith: { first, _ in first })
      for (token, loss) in [
        (" capital", 11.54), (" of", 0.338), (" France", 2.439), (" is", 0.451), (" Paris", 0.258), (" It", 3.97),
        (" Se", 0.922),
      ] { #expect(abs((byToken[token] ?? .infinity) - loss) < 0.01, "\(token)") }
      #expect(abs(losses.reduce(0, +) / 14 - 2.395) < 0.002)
    }

    @Test("a prompt of paragraphs loses whole ones first; its instruction, question and template stay")
    func paragraphs() throws {
      let tokenizer = try Tokenizer(SmolLM2.file())
      let rows = try GoldenFolder.rows(LlmlinguaRow.self, PackageFolder.fixture("llmlingua_subset.jsonl"))
      let docs = try #require(rows.compactMap(\.docs).first)
      let head = tokenizer.encode("<|im_start|>user\n", parseSpecial: true)
      let text = (["Read this first."] + docs + ["What does it say?"]).joined(separator: "\n\n")
      let content = tokenizer.encode(text, parseSpecial: false)
      let tail = tokenizer.encode("<|im_end|>\n", parseSpecial: true)
      let prompt = Prompt(ids: head + content + tail, text: head.count..<head.count + content.count)
      let pass = try EngineTrial(SharedModel.get(.mixed)).pass()
      let compressor = try Compressor(
        "llmlingua", ["budget": .budget(.share(0.3)), "instruction": .int(1), "question": .int(1)])
      let left = try PromptModel(pass, tokenizer, chunkTokens: 2_048, nil)
        .rewrite(prompt, for: pass.makeCache(compressor))
      let words = tokenizer.decode(left)
      #expect(words.hasPrefix("<|im_start|>user\nRead this first.\n\n"))
      #expect(words.hasSuffix("\n\nWhat does it say?<|im_end|>\n"))
      #expect(isSubsequence(left, of: prompt.ids))
      #expect(left.count < prompt.ids.count / 2)
    }
  }
}
