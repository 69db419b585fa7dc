import Foundation
import Testing

@testable import Runtime

@Suite("data sets") struct DatasetTests {
  private static func countWords(_ text: String) -> Int { text.split(separator: " ").count }

  @Test("every card can be shown: names apart, defaults within range, a line of text for each parameter")
  func cards() throws {
    let cards = Datasets.all.map(\.card)
    #expect(Set(cards.map(\.name)).count == cards.count)
    for card in cards {
      #expect(!card.summary.isEmpty && !card.doc.isEmpty && !card.source.isEmpty && !card.licence.isEmpty)
      #expect(Set(card.parameters.map(\.name)).count == card.parameters.count)
      for parameter in card.parameters {
        #expect(!parameter.doc.isEmpty)
        if let value = parameter.defaultValue { #expect(try parameter.accept(value, of: card.name) == value) }
      }
    }
  }

  @Test(
    "a parameter that does not fit its card is refused",
    arguments: [
      ("n", .int(0), "sharegpt n=0; expected a whole number from 1 to 1,000,000"),
      ("n", .float(2.5), "sharegpt n=2.5; expected a whole number from 1 to 1,000,000"),
      ("n", .string("many"), "sharegpt n=\"many\"; expected a whole number from 1 to 1,000,000"),
      ("seed", .int(-1), "sharegpt seed=-1; expected a whole number from 0 to 4,294,967,295"),
      ("oversample", .int(1), "sharegpt oversample=1; expected true or false"),
      (
        "output", .string("long"),
        "sharegpt output=\"long\"; expected eos, reference, a whole number from 1 to 1,000,000"
      ),
      (
        "color", .int(1),
        "sharegpt has no parameter 'color'; expected one of n, seed, output, min_turns, min_len, max_prompt, max_total, oversample, file"
      ),
    ] as [(String, DatasetValue, String)])
  func badParameters(name: String, value: DatasetValue, message: String) {
    let problem = #expect(throws: RuntimeProblem.self) {
      try DatasetArguments([name: value], for: ShareGPTDataset().card)
    }
    #expect(problem?.description == "K406: " + message)
  }

  @Test("whole numbers pass as either kind of number")
  func numbers() throws {
    let arguments = try DatasetArguments(["n": .float(12)], for: ShareGPTDataset().card)
    #expect(arguments.int("n") == 12 && arguments.int("seed") == 0 && arguments.string("output") == "eos")
    #expect(arguments["file"] == nil)
  }

  @Test("sharegpt reads the file given, says what is short, and passes the output length on")
  func shareGPT() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "chat.json",
      #"[{"id":"a","conversations":[{"value":"one two three four"},{"value":"1 2 3 4 5"}]},{"id":"b"},"#
        + #"{"id":"c","conversations":[{"value":"short"},{"value":"1 2 3 4 5"}]}]"#)
    let found = try Datasets.find("sharegpt", home: folder.path)
    let loaded = try found.load(["file": .string(path), "n": .int(5)], countTokens: Self.countWords)
    #expect(loaded.requests.map(\.id) == ["a"])
    #expect(loaded.requests.first?.promptTokens == 4 && loaded.requests.first?.referenceTokens == 5)
    #expect(loaded.requests.first?.output == .untilEnd)
    #expect(loaded.shortfall == "n=5 asked, 1 available")
    #expect(loaded.path == path && !loaded.isBundledSample)
    #expect(
      loaded.counts == [
        .init("conversations in the file", 2), .init("records without conversations", 1), .init("short prompt", 1),
      ])

    let exact = try found.load(["file": .string(path), "output": .string("reference")], countTokens: Self.countWords)
    #expect(exact.requests.first?.output == .exactly(5))
    let fixed = try found.load(["file": .string(path), "output": .int(64)], countTokens: Self.countWords)
    #expect(fixed.requests.first?.output == .exactly(64) && fixed.requests.first?.referenceTokens == 64)
    let repeated = try found.load(
      ["file": .string(path), "n": .int(3), "oversample": .bool(true)], countTokens: Self.countWords)
    #expect(repeated.shortfall == "n=3 asked, 1 available, 2 repeated")
    let enough = try found.load(["file": .string(path), "n": .int(1)], countTokens: Self.countWords)
    #expect(enough.shortfall == nil)
  }

  @Test("an unknown data set names the known ones")
  func unknown() {
    let problem = #expect(throws: RuntimeProblem.self) { try Datasets.find("gsm", home: nil) }
    #expect(
      problem?.description
        == "K401: there is no data set 'gsm'; expected one of sharegpt, prompts, longbench, passkey, recall "
        + "(register a file with: data add gsm PATH)")
  }

  @Test("each problem has a code of its own, a title and an explanation")
  func problems() {
    let codes = DatasetProblems.all.map(\.code)
    #expect(codes == (401...411).map { "K\($0)" })
    for entry in DatasetProblems.all { #expect(!entry.title.isEmpty && entry.explanation.count > 40) }
  }

  @Test("a file of which no conversation can be used says why")
  func noneUsable() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("chat.json", #"[{"id":1},{"conversations":[]}]"#)
    let problem = #expect(throws: RuntimeProblem.self) { try ShareGPTDataset().validate(path: path) }
    #expect(
      problem?.description
        == "K405: \(path): records without `conversations`: 1, with fewer than two turns: 1; "
        + "expected at least one conversation with two turns")
  }

  @Test("a file of prompts alone can be registered, and runs when min_turns=1 asks for it")
  func promptsAlone() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "chat.json",
      #"[{"id":"a","conversations":[{"value":"one two three four"}]},{"id":"b","conversations":[{"from":"gpt"}]},"#
        + #"{"id":"c","conversations":[{"value":"1 2 3 4"},{"value":"5 6 7 8"}]}]"#)
    #expect(try ShareGPTDataset().validate(path: path) == 2)
    let found = try Datasets.find("sharegpt", home: nil)
    let vLLM = try found.load(["file": .string(path)], countTokens: Self.countWords)
    #expect(vLLM.requests.map(\.id) == ["c"])
    let all = try found.load(["file": .string(path), "min_turns": .int(1)], countTokens: Self.countWords)
    #expect(all.requests.map(\.id).sorted() == ["a", "c"])
    let alone = try #require(all.requests.first { $0.id == "a" })
    #expect(alone.reference == nil && alone.referenceTokens == nil && alone.promptTokens == 4)

    let problem = #expect(throws: RuntimeProblem.self) {
      try found.load(
        ["file": .string(path), "min_turns": .int(1), "output": .string("reference")], countTokens: Self.countWords)
    }
    #expect(
      problem?.description == #"K406: sharegpt output="reference" but 'a' has no second turn; "#
        + "expected eos, a whole number, or min_turns=2")

    let lone = try folder.write("lone.json", #"[{"id":"a","conversations":[{"value":"one two three four"}]}]"#)
    let none = #expect(throws: RuntimeProblem.self) {
      try found.load(["file": .string(lone)], countTokens: Self.countWords)
    }
    #expect(none?.code == "K405" && none?.suggestion == "min_turns=1 runs prompts without a reference")
  }

  @Test("the sample is looked for beside the program first and in the sources last; a missing one is a clear error")
  func bundledSample() throws {
    let folder = try TemporaryFolder()
    let candidates = BundledSample.candidates(executableFolder: folder.path + "/bin", home: folder.path + "/home")
    #expect(candidates.first == folder.path + "/bin/kvsh_Runtime.resources/sharegpt-sample.json")
    #expect(candidates.last?.hasSuffix("Sources/Runtime/Datasets/Resources/sharegpt-sample.json") == true)

    let missing = #expect(throws: RuntimeProblem.self) { try BundledSample.firstExisting(Array(candidates.dropLast())) }
    #expect(missing?.code == "K410" && missing?.seen.contains(folder.path + "/home/data/sharegpt-sample.json") == true)

    let own = try folder.write("home/data/sharegpt-sample.json", "[]")
    #expect(try BundledSample.firstExisting(candidates) == own)
    let beside = try folder.write("bin/kvsh_Runtime.resources/Resources/sharegpt-sample.json", "[]")
    #expect(try BundledSample.firstExisting(candidates) == beside)
  }
}

/// A folder that is gone after the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("kvsh-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// - Returns: the absolute path.
  func write(_ name: String, _ text: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return url.path
  }
}
