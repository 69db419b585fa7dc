import Foundation
import Testing

@testable import Lang

/// What the fuzzer starts from and what it has found; see scripts/fuzz.
@Suite struct SeedTests {
  static let seeds: [String] = {
    let folder = LanguageDocumentTests.root.appendingPathComponent("Tests/LangFuzz/seeds")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { name in
      (try? Data(contentsOf: folder.appendingPathComponent(name))).map { String(decoding: $0, as: UTF8.self) }
    }
  }()

  @Test("every seed ends in a value or a problem, also cut short", arguments: seeds)
  func seed(_ text: String) {
    for count in Set([text.utf8.count, text.utf8.count / 2, text.utf8.count * 3 / 4]) {
      let part = String(decoding: text.utf8.prefix(count).dropFirst(), as: UTF8.self)
      let complaint =
        text.hasPrefix("|") ? Digestion.complaint(aboutTable: part) : Digestion.complaint(about: part, runs: true)
      #expect(complaint == nil, "\(text.prefix(200))")
    }
  }

  @Test("there are seeds of texts and of tables")
  func some() {
    #expect(Self.seeds.count { $0.hasPrefix("|") } >= 4 && Self.seeds.count { !$0.hasPrefix("|") } >= 8)
  }

  @Test("every prefix of every example script checks and completes without a trap", arguments: examples)
  func prefixes(_ text: String) {
    let bytes = Array(text.utf8)
    // Each line's beginning is enough to have begun everything; within the last line before it every byte counts.
    for count in stride(from: 0, through: bytes.count, by: max(1, bytes.count / 200)) {
      let complaint = Digestion.complaint(about: String(decoding: bytes.prefix(count), as: UTF8.self), runs: false)
      #expect(complaint == nil)
    }
  }

  static let examples: [String] = {
    let folder = LanguageDocumentTests.root.appendingPathComponent("examples")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".kvs") }.sorted().compactMap {
      try? String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)
    }
  }()
}
