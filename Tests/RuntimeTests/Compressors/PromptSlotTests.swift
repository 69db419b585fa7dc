import Testing

@testable import Runtime

/// What holds for every method that shortens prompts.
struct PromptSlotTests {
  /// Every method that fills the prompt slot, shortened to fit tiny prompts.
  static let methods = Compressors.all.map(\.name).filter { (try? Compressor($0))?.slots.prompt != nil }

  static func compressor(_ name: String, _ budget: Budget = .share(0.5)) throws -> Compressor {
    try Compressor(name, ["budget": .budget(budget)])
  }

  static let tiny = TinyModel(kvHeads: 2, groupHeads: 3, headDim: 32, contextTokens: 1_024, isQuantised: true, seed: 72)
  static let model = Result { try tiny.model(.mixed) }

  private func ids(
    _ prompt: Prompt, _ compressor: Compressor, threads: Int = 1, chunk: Int = 2_048
  ) throws -> [Int32] {
    let pass = try EngineTrial(Self.model.get(), threads: threads).pass()
    return try PromptModel(pass, chunkTokens: chunk, nil).rewrite(prompt, for: pass.makeCache(compressor))
  }

  @Test("what is left is a part of the prompt in its order, and not all of it", arguments: methods)
  func subsequence(_ name: String) throws {
    for length in [300, 417] {
      let prompt = Self.tiny.text(length)
      let left = try ids(Prompt(ids: prompt), Self.compressor(name))
      #expect(isSubsequence(left, of: prompt))
      #expect(left.count < length * 3 / 4 && left.count > length / 4, "\(left.count) of \(length)")
      let most = try Self.compressor(name).slots.prompt?.mostTokens(
        prompt: length, shape: Self.model.get().cacheShape)
      #expect(left.count <= most ?? 0)
    }
  }

  @Test("ids do not depend on threads or on the engine's chunks", arguments: methods)
  func chunks(_ name: String) throws {
    let prompt = Prompt(ids: Self.tiny.text(420), text: 3..<410)
    let whole = try ids(prompt, Self.compressor(name))
    for (threads, chunk) in [(2, 2_048), (1, 16), (2, 64)] {
      #expect(try ids(prompt, Self.compressor(name), threads: threads, chunk: chunk) == whole)
    }
  }

  @Test("a budget of all of the prompt leaves it as it is, and text is the baseline's bit for bit", arguments: methods)
  func lossless(_ name: String) throws {
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let requests = PromiseTests.requests(Self.tiny, count: 20)
    let sampling = Sampling(temperature: 1, seed: 2)
    let baseline = PromiseTests.rows(try trial.generate(requests, sampling: sampling, batch: 8))
    for budget in [Budget.share(1), .tokens(1_000)] {
      let found = try trial.generate(requests, Self.compressor(name, budget), sampling: sampling, batch: 8)
      #expect(PromiseTests.rows(found) == baseline)
      #expect(found.values.allSatisfy { $0.keptTokens == $0.promptTokens })
    }
    let text = Self.tiny.text(570)
    expectBits(
      try trial.logits(Array(text[..<560]), then: Array(text[560...]), Self.compressor(name, .tokens(600))),
      try trial.logits(Array(text[..<560]), then: Array(text[560...])))
  }

  @Test("prompts of one to a few tokens go through", arguments: methods, [1, 2, 3, 5, 17])
  func short(_ name: String, _ length: Int) throws {
    for budget in [Budget.tokens(1), .share(0.01), .bytes(1), .tokens(4)] {
      let left = try ids(Prompt(ids: Self.tiny.text(length)), Self.compressor(name, budget))
      #expect(!left.isEmpty && isSubsequence(left, of: Self.tiny.text(length)))
    }
    for text in [0..<0, 0..<1, length..<length, 0..<length + 9] {
      let left = try ids(Prompt(ids: Self.tiny.text(length), text: text), Self.compressor(name))
      #expect(!left.isEmpty && isSubsequence(left, of: Self.tiny.text(length)))
    }
  }

  @Test("a cancelled prompt ends before the next layer, and the engine goes on", arguments: methods)
  func cancelled(_ name: String) throws {
    let cancellation = Cancellation()
    cancellation.cancel()
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine()
    let request = GenerationRequest(sample: "a", prompt: Self.tiny.text(300), maxTokens: 4)
    #expect(throws: CancellationError.self) {
      try engine.run([request], compressor: Self.compressor(name), cancellation: cancellation) { _ in }
    }
    var tokens: [Int32] = []
    try engine.run([request], compressor: Self.compressor(name)) { tokens = $0.tokens }
    #expect(
      tokens == (try EngineTrial(Self.model.get()).generate([request], Self.compressor(name)))["a"]?.tokens)
  }

  @Test("methods that keep and store what is left go with it, in any order", arguments: methods)
  func composed(_ name: String) throws {
    let trial = try EngineTrial(Self.model.get())
    let prompt = Self.tiny.text(300)
    let keep = try Compressor.of("h2o", ["heavy": 20, "recent": 44], words: ["variant": "prefill"])
    let codec = try Compressor.of("kivi", ["residual": 32])
    let first = try Self.compressor(name).composed(with: keep).composed(with: codec)
    let last = try keep.composed(with: codec).composed(with: Self.compressor(name))
    let request = GenerationRequest(sample: "a", prompt: prompt, maxTokens: 8, ignoresEnd: true)
    let found = try #require(try trial.generate([request], first)["a"])
    #expect(try trial.generate([request], last)["a"]?.tokens == found.tokens)
    let left = try ids(Prompt(ids: prompt), Self.compressor(name))
    let replay = GenerationRequest(sample: "a", prompt: left, maxTokens: 8, ignoresEnd: true)
    let replayed = try #require(try trial.generate([replay], keep.composed(with: codec))["a"])
    #expect(found.tokens == replayed.tokens && found.cacheBytes == replayed.cacheBytes)
    #expect(first.storage == .packed && last.storage == .packed)
  }

  @Test("two of them are refused: a share of a share is nobody's budget", arguments: methods)
  func twice(_ name: String) throws {
    #expect { try Self.compressor(name).composed(with: .of("gemfilter")) } throws: {
      let problem = $0 as? RuntimeProblem
      return problem?.code == "K306" && problem?.seen.contains("both fill the prompt slot") == true
    }
  }

  @Test("a text is scored by steps behind what is left of its context, never as one prompt", arguments: methods)
  func perplexity(_ name: String) throws {
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine()
    let text = Self.tiny.text(300)
    let compressor = try Self.compressor(name)
    let run = try engine.perplexity(of: text, window: 200, stride: 20, compressor, feeding: .steps)
    let baseline = try engine.perplexity(of: text, window: 200, stride: 20, feeding: .steps)
    #expect(run.scored == baseline.scored && run.windowMeans != baseline.windowMeans)
    #expect(
      try engine.perplexity(
        of: text, window: 200, stride: 20, Self.compressor(name, .share(1)), feeding: .steps
      ).windowMeans == baseline.windowMeans)
    #expect(
      throws: RuntimeProblem(
        "K608",
        seen:
          "\(compressor.label) leaves tokens of prompts out, and a window that is one prompt would lose some to score",
        expected: "windows fed by steps", suggestion: "feed=steps")
    ) { try engine.perplexity(of: text, window: 200, stride: 20, compressor) }
  }

  @Test("what a run holds at most, rewriting included, stays below its forecast", arguments: methods)
  func foretold(_ name: String) throws {
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine()
    for budget in [Budget.share(0.1), .share(0.5), .share(1), .tokens(7)] {
      let compressor = try Self.compressor(name, budget)
      let run = try engine.memory(tokens: 300, batch: 2, steps: 20, compressor)
      let texts = Array(repeating: MemoryForecast.Text(prompt: 280, tokens: 300), count: 2)
      #expect(engine.forecast(texts, compressor, batch: 2).cacheBytes >= run.peakBytes, "\(budget)")
    }
  }

  @Test("measurements hold what is left of a prompt", arguments: methods)
  func measured(_ name: String) throws {
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine()
    let compressor = try Self.compressor(name)
    let text = MeasuredText.tokens(400, sequence: 0, vocabulary: Self.tiny.vocabulary)
    let left = try ids(Prompt(ids: text), compressor).count
    let token = 2 * 2 * 2 * 32 * 2
    #expect(try engine.time(.prefill(tokens: 400, batch: 1), compressor).cacheBytes.counted == left * token)
    #expect(try engine.time(.prefill(tokens: 400, batch: 1), compressor).tokens == 400)
    let memory = try engine.memory(tokens: 404, batch: 1, steps: 4, compressor)
    #expect(memory.steady.counted == (left + 4) * token)
  }
}
