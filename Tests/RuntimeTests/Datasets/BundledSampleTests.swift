import Foundation
import Testing

@testable import Runtime

@Suite("the bundled conversations") struct BundledSampleTests {
  private static func file() throws -> ShareGPTFile {
    try ShareGPTFile(path: BundledSample.path(home: nil))
  }

  /// Lower-case words without punctuation, so that two prompts that differ only in form count as one.
  private static func words(_ text: String) -> [Substring] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }
  }

  private static func quantile(_ percent: Int, of sorted: [Int]) throws -> Int {
    try #require(sorted.isEmpty ? nil : sorted[min(sorted.count - 1, percent * sorted.count / 100)])
  }

  @Test("there are about a thousand, every one with an id of its own, a prompt and an answer")
  func count() throws {
    let file = try Self.file()
    #expect((950...1100).contains(file.conversations.count))
    #expect(file.withoutConversations == 0 && file.withTooFewTurns == 0 && file.loneSurrogates == 0)
    for (index, conversation) in file.conversations.enumerated() {
      let number = String(index + 1)
      #expect(file.id(conversation) == "kvsh_" + String(repeating: "0", count: 4 - number.count) + number)
      #expect(conversation.turns % 2 == 0)
      #expect(!Self.words(file.prompt(conversation)).isEmpty || file.prompt(conversation).count > 3)
      #expect(file.reference(conversation)?.isEmpty == false)
    }
  }

  @Test("no prompt is there twice, not in another spelling either, and none shares most of its phrases with another")
  func distinctness() throws {
    let file = try Self.file()
    var seen: [[Substring]: String] = [:]
    var holders: [[Substring]: [Int]] = [:]
    var sizes: [Int] = []
    for conversation in file.conversations {
      let words = Self.words(file.prompt(conversation))
      #expect(seen.updateValue(file.id(conversation), forKey: words) == nil, "\(file.id(conversation))")
      let phrases = Set(words.indices.dropLast(3).map { Array(words[$0..<($0 + 4)]) })
      var shared: [Int: Int] = [:]
      for phrase in phrases {
        for other in holders[phrase] ?? [] { shared[other, default: 0] += 1 }
        holders[phrase, default: []].append(sizes.count)
      }
      for (other, count) in shared {
        let union = phrases.count + sizes[other] - count
        #expect(
          Double(count) <= 0.5 * Double(union),
          "\(file.id(conversation)) and \(file.id(file.conversations[other]))")
      }
      sizes.append(phrases.count)
    }
  }

  @Test("sharegpt runs them when no file is registered, and says that they are the sample")
  func isTheDefault() throws {
    let loaded = try Datasets.find("sharegpt", home: nil).load(["n": .int(20)]) { $0.utf8.count / 4 }
    #expect(loaded.isBundledSample && loaded.requests.count == 20 && loaded.shortfall == nil)
    #expect(loaded.requests.allSatisfy { $0.id.hasPrefix("kvsh_") })
    #expect(loaded.path.hasSuffix("/" + BundledSample.fileName))
  }

  /// Quantiles of turn 0, in characters, of 1,000 elements of ShareGPT_V3_unfiltered_cleaned_split.json.
  @Test(
    "prompts are as long as real ones, within a quarter at each quantile",
    arguments: [(5, 31), (10, 42), (25, 78), (50, 313), (75, 1377), (90, 2141), (95, 2472)])
  func lengths(percent: Int, characters: Int) throws {
    let file = try Self.file()
    let found = try Self.quantile(percent, of: file.conversations.map { file.prompt($0).count }.sorted())
    #expect(Double(found) > 0.75 * Double(characters) && Double(found) < 1.25 * Double(characters))
  }

  @Test("any prefix is a mixture: the first hundred are spread as the whole is", arguments: [10, 25, 50, 75, 90])
  func mixture(percent: Int) throws {
    let file = try Self.file()
    let lengths = file.conversations.map { file.prompt($0).count }
    let prefix = try Self.quantile(percent, of: lengths.prefix(100).sorted())
    let whole = try Self.quantile(percent, of: lengths.sorted())
    #expect(prefix > whole / 4 && prefix < whole * 4)
  }

  @Test("texts are clean: no control characters, no damaged encoding")
  func encoding() throws {
    let file = try Self.file()
    for conversation in file.conversations {
      let text = file.prompt(conversation) + "\n" + (file.reference(conversation) ?? "")
      for mark in ["\u{fffd}", "\u{feff}", "â€", "Ã©", "\r"] {
        #expect(!text.contains(mark), "\(file.id(conversation))")
      }
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\n" || $0 == "\t" })
    }
  }
}
