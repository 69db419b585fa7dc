import Testing

@testable import Runtime

/// The exact problems of wrong methods, parameters and combinations.
struct CompressorProblemTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let given: [String: ParameterValue]
    let problem: RuntimeProblem
    var testDescription: String { problem.description }

    init(_ name: String, _ given: [String: ParameterValue], _ code: String, _ seen: String, expected: String) {
      self.name = name
      self.given = given
      problem = RuntimeProblem(code, seen: seen, expected: expected)
    }
  }

  private static let known = "one of " + Compressors.all.map(\.name).joined(separator: ", ")

  static let cases: [Case] = [
    Case("kiwi", [:], "K300", "there is no method 'kiwi'", expected: known),
    Case("", [:], "K300", "there is no method ''", expected: known),
    Case(
      "/rethinking", [:], "K300", "there is no method '/rethinking'", expected: known),
    Case("kivi/paper", [:], "K300", "kivi has no preset 'paper'", expected: "kivi/rethinking"),
    Case(
      "h2o/", [:], "K300", "h2o has no preset ''", expected: "h2o/rethinking, h2o/artifact, h2o/blocks"),
    Case(
      "kivi", ["bit": .int(2)], "K301", "kivi has no parameter 'bit'",
      expected: "one of bits, k_bits, v_bits, group, residual"),
    Case("kivi", ["bits": .word("two")], "K302", "kivi: bits=two", expected: "bits as a whole number"),
    Case("kivi", ["bits": .float(2.5)], "K302", "kivi: bits=2.5", expected: "bits as a whole number"),
    Case("kivi", ["bits": .int(3)], "K303", "kivi: bits=3", expected: "bits one of 2, 4, 8"),
    Case("kivi", ["residual": .int(16)], "K303", "kivi: residual=16", expected: "residual from 32 to 8192"),
    Case(
      "kivi", ["residual": .int(100)], "K304", "kivi: group=32 does not divide residual=100",
      expected: "a multiple of 32"),
    Case(
      "h2o", ["variant": .word("paper")], "K303", "h2o: variant=paper",
      expected: "variant one of decode, prefill, blocks"),
    Case("h2o", ["variant": .int(1)], "K302", "h2o: variant=1", expected: "variant as one of decode, prefill, blocks"),
    Case("h2o", ["causal": .int(0)], "K302", "h2o: causal=0", expected: "causal as true or false"),
    Case(
      "h2o", ["causal": .bool(false)], "K304", "h2o: causal=false with variant=decode",
      expected: "causal=false with variant=prefill"),
    Case(
      "h2o", ["causal": .bool(false), "variant": .word("prefill"), "recent": .budget(.share(0.1))], "K304",
      "h2o: recent=10% with causal=false", expected: "a number of tokens"),
    Case("h2o", ["recent": .int(0)], "K303", "h2o: recent=0", expected: "recent from 1 tokens on"),
    Case("h2o", ["heavy": .int(-1)], "K303", "h2o: heavy=-1", expected: "heavy from 0 tokens on"),
    Case("h2o", ["budget": .int(.max)], "K303", "h2o: budget=\(Int.max)", expected: "budget from 2 tokens on"),
    Case("h2o", ["budget": .bool(true)], "K302", "h2o: budget=true", expected: "budget as a budget (512, 30%, 64MiB)"),
    Case(
      "h2o", ["budget": .int(64), "heavy": .int(64)], "K304", "h2o: budget=64 with heavy=64",
      expected: "a budget over heavy, in the same unit"),
    Case(
      "h2o", ["budget": .budget(.share(0.3)), "recent": .int(64)], "K304", "h2o: budget=30% with recent=64",
      expected: "a budget over recent, in the same unit"),
    Case(
      "h2o", ["budget": .int(64), "heavy": .int(4), "recent": .int(60)], "K304",
      "h2o: budget, heavy and recent are all given", expected: "two of the three at most"),
    Case(
      "h2o", ["heavy": .budget(.share(0.1)), "variant": .word("blocks")], "K304",
      "h2o: heavy=10% with variant=blocks", expected: "a number of tokens"),
    Case(
      "streamingllm", ["budget": .int(4)], "K304", "streamingllm: budget=4 leaves no recent token beside sink=4",
      expected: "budget over 4"),
    Case(
      "streamingllm", ["budget": .int(64), "recent": .int(9)], "K304", "streamingllm: both budget and recent are given",
      expected: "budget, or sink and recent"),
    Case("streamingllm", ["sink": .int(-1)], "K303", "streamingllm: sink=-1", expected: "sink from 0 to 65536"),
    Case(
      "streamingllm", ["prefill": .word("stream"), "variant": .word("blocks")], "K304",
      "streamingllm: prefill=stream with variant=blocks", expected: "prefill=stream with variant=paper"),
    Case(
      "streamingllm", ["prefill": .word("stream"), "budget": .budget(.share(0.3))], "K304",
      "streamingllm: budget=30% with prefill=stream",
      expected: "tokens or bytes: a prompt that streams has no length yet"),
    Case(
      "streamingllm", ["prefill": .word("stream"), "recent": .budget(.share(0.5))], "K304",
      "streamingllm: recent=50% with prefill=stream",
      expected: "tokens or bytes: a prompt that streams has no length yet"),
    Case(
      "streamingllm", ["budget": .budget(.share(0))], "K303", "streamingllm: budget=0%",
      expected: "a share above 0% up to 100%"),
    Case(
      "streamingllm", ["budget": .budget(.share(1.5))], "K303", "streamingllm: budget=150%",
      expected: "a share above 0% up to 100%"),
    Case(
      "streamingllm", ["budget": .budget(.bytes(0))], "K303", "streamingllm: budget=0MiB", expected: "at least one byte"
    ),
    Case(
      "streamingllm", ["ratio": .float(1)], "K303", "streamingllm: ratio=1",
      expected: "the share removed, from 0 up to but not 1, instead of a budget"),
    Case(
      "streamingllm", ["ratio": .float(.nan)], "K303", "streamingllm: ratio=nan",
      expected: "the share removed, from 0 up to but not 1, instead of a budget"),
    Case(
      "streamingllm", ["ratio": .float(0.5), "budget": .int(9)], "K303", "streamingllm: ratio=0.5",
      expected: "the share removed, from 0 up to but not 1, instead of a budget"),
  ]

  @Test("a wrong method or parameter is one exact problem", arguments: cases)
  func refused(_ one: Case) {
    #expect(throws: one.problem) { try Compressor(one.name, one.given) }
  }

  static func problem(_ a: Compressor, _ b: Compressor) -> RuntimeProblem? {
    do {
      _ = try a.composed(with: b)
      return nil
    } catch { return error as? RuntimeProblem }
  }

  @Test("two methods of one slot clash by name")
  func clashing() throws {
    let keep = try Compressor.of("streamingllm", ["budget": 64])
    #expect(
      try Self.problem(keep, .of("h2o"))
        == RuntimeProblem(
          "K306", seen: "streamingllm budget=64 and h2o both fill the keep slot", expected: "at most one method a slot",
          suggestion: "leave one of them out"))
    #expect(
      try Self.problem(.of("kivi", ["bits": 4]), .of("gear"))?.seen
        == "kivi bits=4 and gear both fill the codec slot")
    #expect(Self.problem(.none, keep) == nil)
  }

  @Test("dropping tokens step by step out of packed groups is refused with the reason, either way round")
  func packedEviction() throws {
    let codec = try Compressor.of("kivi")
    let keep = try Compressor.of("streamingllm", ["budget": 64])
    let expected = RuntimeProblem(
      "K306", seen: "streamingllm budget=64 | kivi would drop single tokens out of packed groups while decoding",
      expected: "a method that drops tokens at the end of the prompt only", suggestion: "use variant=prefill")
    #expect(Self.problem(keep, codec) == expected)
    #expect(Self.problem(codec, keep)?.code == "K306")
    #expect(try Self.problem(.of("h2o"), .of("gear"))?.code == "K306")
    for name in ["streamingllm", "h2o"] {
      for variant in ["prefill", "blocks"] {
        #expect(try Self.problem(.of(name, words: ["variant": variant]), codec) == nil)
      }
    }
  }

  @Test("a group that does not divide the head dimension is refused before anything runs")
  func group() throws {
    let trial = try EngineTrial(TinyModel(headDim: 32).model())
    let expected = RuntimeProblem(
      "K305", seen: "group=64 does not divide the model's head dimension 32", expected: "a group that divides 32",
      suggestion: "use group=32")
    #expect(throws: expected) {
      try trial.generate([GenerationRequest(sample: "a", prompt: [1], maxTokens: 1)], .of("kivi", ["group": 64]))
    }
  }
}
