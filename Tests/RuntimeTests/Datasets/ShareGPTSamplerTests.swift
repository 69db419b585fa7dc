import Foundation
import Testing

@testable import Runtime

@Suite("vLLM's choice of requests") struct ShareGPTSamplerTests {
  /// A file of `count` conversations whose texts are as many letters long as the closure below counts tokens.
  private static func file(_ lengths: [(prompt: Int, reference: Int)]) throws -> ShareGPTFile {
    let elements = lengths.enumerated().map { index, length in
      #"{"id":"c\#(index)","conversations":[{"value":"\#(String(repeating: "p", count: length.prompt))"},"#
        + #"{"value":"\#(String(repeating: "r", count: length.reference))"}]}"#
    }
    return try ShareGPTFile(Array("[\(elements.joined(separator: ","))]".utf8), name: "lengths.json")
  }

  private static func countLetters(_ text: String) -> Int { text.utf8.count }

  @Test(
    "the bounds are inclusive as the sheet writes them",
    arguments: [
      (3, 100, nil, .shortPrompt), (4, 4, nil, nil), (4, 3, nil, .shortOutput), (4, 3, 128, nil),
      (1024, 1024, nil, nil),
      (1025, 10, nil, .longPrompt), (1000, 1049, nil, .longTotal), (1000, 1048, nil, nil), (4, 9999, 1, nil),
      (4, 5, Int.max, .longTotal),
    ] as [(Int, Int, Int?, ShareGPTSampler.Rejection?)])
  func bounds(prompt: Int, reference: Int, fixed: Int?, expected: ShareGPTSampler.Rejection?) {
    var sampler = ShareGPTSampler()
    sampler.fixedOutputTokens = fixed
    #expect(sampler.rejection(promptTokens: prompt, referenceTokens: reference) == expected)
  }

  @Test("real pairs of lengths are judged as by an independent statement of the rule")
  func golden() {
    let rows = ShareGPTGolden.rows
    #expect(rows.count == 212)
    for row in rows {
      var sampler = ShareGPTSampler()
      sampler.fixedOutputTokens = row.fixed
      let reason = row.completion.map { sampler.rejection(promptTokens: row.prompt, referenceTokens: $0) }
      let verdict = reason.map { $0?.rawValue ?? "keep" } ?? "one_turn"
      #expect(verdict == row.verdict, "\(row)")
    }
  }

  /// `KVSH_GOLDEN_SHAREGPT=golden/sharegpt_sampling.jsonl` checks reader and sampler on the texts themselves.
  @Test(
    "the golden file's texts, packed as ShareGPT, give its verdicts",
    .enabled(
      if: ProcessInfo.processInfo.environment["KVSH_GOLDEN_SHAREGPT"] != nil,
      "KVSH_GOLDEN_SHAREGPT names no golden file; the lengths are tested without it"))
  func goldenTexts() throws {
    let path = try #require(ProcessInfo.processInfo.environment["KVSH_GOLDEN_SHAREGPT"])
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    var kept = 0
    for line in lines {
      let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      guard let turns = row["turns"] as? [String], let verdict = row["why"] as? String else { continue }
      let element = ["conversations": turns.map { ["value": $0] }]
      let bytes = Array(try JSONSerialization.data(withJSONObject: [element]))
      let file = try ShareGPTFile(bytes, name: "row")
      guard verdict != "one_turn" else {
        #expect(file.withTooFewTurns == 1)
        continue
      }
      var sampler = ShareGPTSampler()
      sampler.fixedOutputTokens = row["fixed_output_len"] as? Int
      let tokens = [turns[0]: row["prompt_len"] as? Int, turns[1]: row["completion_len"] as? Int]
      let sample = try sampler.sample(file) { try #require(tokens[$0] ?? nil) }
      #expect(sample.rejected.keys.first?.rawValue ?? "" == verdict)
      #expect(sample.requests.first?.promptTokens == (verdict.isEmpty ? row["prompt_len"] as? Int : nil))
      #expect(sample.requests.first?.referenceTokens == (verdict.isEmpty ? row["output_len"] as? Int : nil))
      kept += sample.accepted
    }
    #expect(kept == 110)
  }

  @Test("conversations are shuffled before they are filtered, and too short ones never count")
  func order() throws {
    let json =
      "[" + #"{"id":"none"},{"id":"one","conversations":[{"value":"only"}]},"#
      + (0..<10).map { #"{"id":"c\#($0)","conversations":[{"value":"prompt"},{"value":"reference"}]}"# }
      .joined(separator: ",") + "]"
    let file = try ShareGPTFile(Array(json.utf8), name: "ten.json")
    let all = ShareGPTSampler().sample(file, countTokens: Self.countLetters)
    #expect(all.requests.map(\.id) == [7, 8, 1, 5, 3, 4, 2, 0, 9, 6].map { "c\($0)" })
    #expect(all.accepted == 10 && all.examined == 10 && all.asked == 1000)

    var seeded = ShareGPTSampler()
    seeded.seed = 42
    seeded.requests = 3
    let three = seeded.sample(file, countTokens: Self.countLetters)
    #expect(three.requests.map(\.id) == ["c7", "c3", "c2"])
    #expect(three.examined == 3)
  }

  @Test("n=10 is a prefix of n=1000")
  func prefix() throws {
    let file = try Self.file((0..<300).map { (prompt: $0 % 40, reference: 3 + $0 % 7) })
    var sampler = ShareGPTSampler()
    let all = sampler.sample(file, countTokens: Self.countLetters)
    sampler.requests = 10
    let ten = sampler.sample(file, countTokens: Self.countLetters)
    #expect(ten.requests == Array(all.requests.prefix(10)))
    #expect(all.accepted < 300 && all.accepted + all.rejected.values.reduce(0, +) == 300)
  }

  @Test("with too few accepted, the rest is missing unless oversampling is asked for")
  func oversampling() throws {
    let file = try Self.file((0..<10).map { _ in (prompt: 8, reference: 8) })
    var sampler = ShareGPTSampler()
    sampler.requests = 22
    let short = sampler.sample(file, countTokens: Self.countLetters)
    #expect(short.requests.count == 10 && short.accepted == 10)

    sampler.oversample = true
    let full = sampler.sample(file, countTokens: Self.countLetters)
    #expect(Array(full.requests.prefix(10)) == short.requests)
    // random.seed(0); random.choices(range(10), k=12)
    let drawn = [8, 7, 4, 2, 5, 4, 7, 3, 4, 5, 9, 5]
    #expect(full.requests.dropFirst(10).map(\.meta) == drawn.map { short.requests[$0].meta })
    #expect(Set(full.requests.map(\.id)).count == 22)
    #expect(full.accepted == 10)
  }

  @Test("oversampling nothing gives nothing")
  func oversamplingNothing() throws {
    var sampler = ShareGPTSampler()
    sampler.oversample = true
    let sample = sampler.sample(try Self.file([(1, 1)]), countTokens: Self.countLetters)
    #expect(sample.requests.isEmpty && sample.rejected == [.shortPrompt: 1])
  }

  @Test("requests of the same id stay apart")
  func repeatedIDs() throws {
    let element = #"{"id":"a","conversations":[{"value":"prompt"},{"value":"reference"}]}"#
    let file = try ShareGPTFile(Array("[\(element),\(element),\(element)]".utf8), name: "same.json")
    let sample = ShareGPTSampler().sample(file, countTokens: Self.countLetters)
    #expect(sample.requests.map(\.id) == ["a", "a#2", "a#3"])
  }

  @Test("a failing tokenizer stops the walk with its own error")
  func tokenizerFailure() throws {
    let problem = RuntimeProblem("K299", seen: "no tokenizer")
    #expect(throws: problem) {
      try ShareGPTSampler().sample(try Self.file([(8, 8)])) { _ in throw problem }
    }
  }
}
