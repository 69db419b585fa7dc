import Foundation
import Testing

@testable import Runtime

/// Lengths in bytes of the pieces of every fixture text, by rule; made by Fixtures/splits.py.
private func fixture(_ rule: PreTokeniser) throws -> [(text: String, lengths: [Int])] {
  struct Row: Decodable {
    var text: String
    var lengths: [String: [Int]] = [:]

    struct Key: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      text = try container.decode(String.self, forKey: Key(stringValue: "text"))
      for key in container.allKeys where key.stringValue != "text" {
        lengths[key.stringValue] = try container.decode([Int].self, forKey: key)
      }
    }
  }
  let data = try Data(contentsOf: PackageFolder.fixture("splits.json"))
  return try JSONDecoder().decode([Row].self, from: data).map { row in
    (row.text, try #require(row.lengths[rule.rawValue]))
  }
}

@Suite("Pre-tokenisers")
struct PreTokeniserTests {
  @Test("300 hard strings are cut as the published expressions cut them", arguments: PreTokeniser.allCases)
  func matchesExpression(rule: PreTokeniser) throws {
    let rows = try fixture(rule)
    #expect(rows.count == 300)
    for row in rows {
      let pieces = rule.pieces(of: row.text)
      #expect(pieces.map(\.utf8.count) == row.lengths, "\(row.text.debugDescription): \(pieces)")
      #expect(Array(pieces.joined().utf8) == Array(row.text.utf8))
    }
  }

  @Test("a rule is found by every name files give it, and by no other")
  func names() {
    #expect(PreTokeniser(named: "llama3") == .llamaBPE)
    #expect(PreTokeniser(named: "llama-bpe") == .llamaBPE)
    #expect(PreTokeniser(named: "gpt-2") == .gpt2)
    #expect(PreTokeniser(named: "default") == .fallback)
    #expect(PreTokeniser(named: "smollm") == .smollm)
    #expect(PreTokeniser(named: "qwen2") == .qwen2)
    #expect(PreTokeniser(named: "tekken") == nil)
    #expect(PreTokeniser(named: "") == nil)
  }
}
