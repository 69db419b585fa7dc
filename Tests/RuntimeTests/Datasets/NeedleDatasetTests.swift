import Testing

@testable import Runtime

/// `passkey` and `recall`: what is to be found is there once, where it should be, and the length is the one asked for.
@Suite("generated data sets") struct NeedleDatasetTests {
  private static func countWords(_ text: String) -> Int { text.split(whereSeparator: \.isWhitespace).count }

  private func load(_ dataset: any Dataset, _ values: [String: DatasetValue]) throws -> [Request] {
    try FoundDataset(dataset: dataset).load(values, countTokens: Self.countWords).requests
  }

  @Test("a prompt fills the tokens asked for to within a sentence", arguments: [100, 300, 1_000, 5_000])
  func passkeyLength(tokens: Int) throws {
    for request in try load(PasskeyDataset(), ["n": .int(5), "tokens": .int(tokens)]) {
      #expect(request.promptTokens <= tokens && request.promptTokens > tokens - 20)
      #expect(request.promptTokens == Self.countWords(request.prompt))
      #expect(request.output == .atMost(16))
    }
  }

  @Test("the key stands in the text as often as its sentence says it, at the depth asked for")
  func passkeyDepth() throws {
    for depth in [0, 0.25, 0.5, 1] {
      for request in try load(PasskeyDataset(), ["n": .int(4), "tokens": .int(600), "depth": .float(depth)]) {
        let key = try #require(request.reference)
        #expect(key.count == 5 && key.first != "0")
        let parts = request.prompt.components(separatedBy: key)
        #expect(parts.count == 3)
        let before = Self.countWords(parts[0]) - 20
        #expect(abs(Double(before) / 540 - depth) < 0.06, "\(before) words before the key")
        #expect(request.meta["depth"] == "\(depth)")
      }
    }
  }

  @Test(
    "unasked, depths spread evenly: a tenth of the text has its share of any number of samples", arguments: [10, 50])
  func spread(count: Int) {
    let depths = (0..<count).map { NeedleDepth.of(sample: $0, asked: nil) }
    for part in 0..<5 {
      let inside = depths.count { $0 >= Double(part) / 5 && $0 < Double(part + 1) / 5 }
      #expect(abs(inside - count / 5) <= 1)
    }
  }

  @Test("sample i is the same whatever n is, and another one with another seed", arguments: ["passkey", "recall"])
  func stable(name: String) throws {
    let dataset = try Datasets.find(name, home: nil).dataset
    let few = try load(dataset, ["n": .int(3), "tokens": .int(200)])
    let many = try load(dataset, ["n": .int(8), "tokens": .int(200)])
    #expect(few == Array(many.prefix(3)))
    #expect(Set(many.map(\.id)).count == 8 && Set(many.compactMap(\.reference)).count == 8)
    let other = try load(dataset, ["n": .int(3), "tokens": .int(200), "seed": .int(1)])
    #expect(zip(few, other).allSatisfy { $0.prompt != $1.prompt })
  }

  @Test("the pair asked for is one line of the list, at its depth, and no name is there twice")
  func recallPairs() throws {
    for request in try load(RecallDataset(), ["n": .int(6), "pairs": .int(40)]) {
      let lines = request.prompt.split(separator: "\n").filter { $0.contains(": ") }.map(String.init)
      #expect(lines.count == 40 && Set(lines.map { $0.prefix { $0 != ":" } }).count == 40)
      let name = try #require(request.prompt.split(separator: "\n").last).dropLast()
      let place = try #require(lines.firstIndex { $0.hasPrefix(name + ":") })
      #expect(lines[place] == "\(name): \(request.reference ?? "")")
      let depth = try #require(request.meta["depth"].flatMap(Double.init))
      #expect(place == Int((39 * depth).rounded()))
    }
  }

  @Test("as many pairs as fit, one at least", arguments: [100, 400, 2_000])
  func recallLength(tokens: Int) throws {
    for request in try load(RecallDataset(), ["n": .int(2), "tokens": .int(tokens)]) {
      #expect(request.promptTokens <= tokens && request.promptTokens > tokens - 4)
    }
  }

  @Test(
    "an answer is right if its first number is the reference, digit by digit",
    arguments: [
      (" 74509.", 1), ("The key is 74509, not 11111", 1), ("11111 74509", 0), ("745091", 0), ("7450", 0), ("", 0),
      ("no number", 0), ("74 509", 0), ("٧٤٥٠٩", 0),
    ] as [(String, Double)])
  func scores(answer: String, score: Double) {
    #expect(AnswerScoring.firstNumber.score(answer, reference: "74509") == score)
  }

  @Test("a generated data set has no file to register")
  func noFile() throws {
    let folder = try TemporaryFolder()
    let registry = DatasetRegistry(home: folder.path)
    let path = try folder.write("a.txt", "one\n")
    let problem = #expect(throws: RuntimeProblem.self) { try registry.add("passkey", path: path) }
    #expect(problem?.code == "K407")
  }
}
