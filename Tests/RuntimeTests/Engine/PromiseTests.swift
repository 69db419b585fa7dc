import Testing

@testable import Runtime

/// Rows do not depend on batch, threads, order or what ran before (DESIGN 4).
struct PromiseTests {
  /// Configurations whose methods act within a few tokens.
  static let configurations: [(name: String, integers: [String: Int], words: [String: String])] = [
    ("", [:], [:]),
    ("kivi", ["bits": 2, "group": 32, "residual": 32], [:]),
    ("kivi", ["bits": 8, "group": 32, "residual": 64], [:]),
    ("gear", ["bits": 4, "interval": 7], [:]),
    ("gear", ["bits": 2, "interval": 32, "group": 32], ["mode": "group"]),
    ("quarot", [:], [:]),
    ("quarot", ["bits": 3, "group": 32], [:]),
    ("qjl", ["residual": 32, "outlier_channels": 4], [:]),
    ("kvquant", ["bits": 3, "sink": 1], [:]),
    ("think", ["window": 5, "recent": 3], [:]),
    ("streamingllm", ["sink": 4, "recent": 20], [:]),
    ("streamingllm", ["sink": 2, "recent": 9], ["prefill": "stream"]),
    ("streamingllm", ["sink": 4, "recent": 20], ["variant": "prefill"]),
    ("streamingllm", ["sink": 4, "recent": 20], ["variant": "blocks"]),
    ("h2o", ["heavy": 8, "recent": 12], [:]),
    ("h2o", ["heavy": 8, "recent": 12], ["pos": "renumber"]),
    ("h2o", ["heavy": 8, "recent": 12], ["variant": "prefill"]),
    ("h2o", ["heavy": 8, "recent": 12], ["variant": "blocks"]),
    ("snapkv", ["budget": 24, "window": 6, "kernel": 3], [:]),
    ("tova", ["budget": 20], [:]),
    ("knorm", ["budget": 20, "skip": 0, "least": 0], [:]),
    ("knorm", ["budget": 20, "skip": 0, "least": 0, "interval": 5], ["order": "high"]),
    ("keydiff", ["budget": 20, "block": 24], [:]),
    ("keydiff", ["budget": 20], ["mode": "once"]),
    ("expectedattention", ["budget": 20], [:]),
    ("pyramidkv", ["budget": 24, "window": 6], [:]),
    ("adakv", ["budget": 24, "window": 6], [:]),
    ("adakv", ["budget": 24, "window": 6], ["score": "knorm", "safeguard": "guaranteed"]),
    ("corm", ["window": 6, "recent": 4], [:]),
    ("cam", ["sink": 4, "recent": 16, "merge": 8], [:]),
    ("cam", ["sink": 4, "recent": 16, "merge": 8], ["inner": "h2o", "form": "step"]),
    ("mikv", ["bits": 2], [:]), ("mikv", ["bits": 4, "hi_bits": 8], [:]), ("mikv", ["bits": 0], [:]),
    ("keep", ["budget": 16, "every": 3], ["score": "tova", "heads": "same"]),
    ("keep", ["budget": 16, "recent": 4], ["score": "h2o", "heads": "adaptive"]),
    ("quest", ["budget": 24, "page": 8, "skip": 0], [:]),
    ("quest", ["budget": 24, "page": 8, "skip": 1], ["gqa": "max"]),
    ("minicache", ["start": 0, "residual": 8], [:]),
    ("minicache", ["start": 0, "residual": 32, "bits": 4], ["mode": "average"]),
    ("gemfilter", ["budget": 20], [:]), ("llmlingua", ["segment": 16], [:]),
    ("llmlingua", ["segment": 16], ["align": "code"]),
    ("lazyllm", [:], ["layers": "50%", "keep": "40%"]), ("lazyllm", ["pin": 3, "sink": 2], ["keep": "70%"]),
  ]

  static func compressor(_ index: Int) throws -> Compressor {
    let (name, integers, words) = configurations[index]
    return name.isEmpty ? .none : try .of(name, integers, words: words)
  }

  static let sampling = Sampling(temperature: 1, seed: 9)

  /// What must not change: everything but the times.
  struct Row: Equatable {
    let tokens: [Int32]
    let finish: Generation.Finish
    let bytes: ByteCount
    let peakBytes: Int
    let readBytes: Int
  }

  static func rows(_ found: [String: Generation]) -> [String: Row] {
    found.mapValues {
      Row(
        tokens: $0.tokens, finish: $0.finish, bytes: $0.cacheBytes, peakBytes: $0.peakCacheBytes,
        readBytes: $0.readBytesPerStep)
    }
  }

  /// Prompts of 1 to 97 tokens that ask for 1 to 24 new ones.
  static func requests(_ tiny: TinyModel, count: Int = 33) -> [GenerationRequest] {
    (0..<count).map { index in
      GenerationRequest(
        sample: "s\(index)", prompt: tiny.text(1 + index * 3, seed: index), maxTokens: 1 + (index * 7) % 24,
        ignoresEnd: index % 5 == 0)
    }
  }

  static let tiny = TinyModel(kvHeads: 2, groupHeads: 3, headDim: 32, hidden: 64, isQuantised: true, seed: 21)
  static let model = Result { try tiny.model(.mixed) }

  private func run(
    _ requests: [GenerationRequest], _ compressor: Compressor, batch: Int = 1, threads: Int = 1,
    chunkTokens: Int = 2_048
  ) throws -> [String: Row] {
    let trial = try EngineTrial(Self.model.get(), threads: threads)
    var found: [String: Generation] = [:]
    try trial.engine(endTokens: [3, 50], chunkTokens: chunkTokens).run(
      requests, compressor: compressor, sampling: Self.sampling, batch: batch
    ) { found[$0.sample] = $0 }
    return Self.rows(found)
  }

  @Test(
    "33 requests are the same for batches of 1, 7 and 32 and for 1 and 2 threads", arguments: configurations.indices)
  func batches(_ index: Int) throws {
    let compressor = try Self.compressor(index)
    let requests = Self.requests(Self.tiny)
    let alone = try run(requests, compressor)
    #expect(alone.count == 33)
    #expect(Set(alone.values.map(\.finish)) == [.eos, .length])
    for (batch, threads) in [(7, 1), (32, 1), (1, 2), (7, 2), (32, 2)] {
      #expect(
        try run(requests, compressor, batch: batch, threads: threads) == alone, "batch \(batch), threads \(threads)")
    }
  }

  @Test("configurations differ, so that equality says something")
  func configurationsDiffer() throws {
    var texts: Set<[[Int32]]> = []
    for index in Self.configurations.indices {
      let rows = try run(Self.requests(Self.tiny), Self.compressor(index), batch: 32)
      texts.insert((0..<33).compactMap { rows["s\($0)"]?.tokens })
    }
    // 8 bits, and sinks with two names of one rule, may give the text of another.
    #expect(texts.count >= Self.configurations.count - 3)
  }

  @Test("rows do not depend on the order of the requests", arguments: configurations.indices)
  func order(_ index: Int) throws {
    let compressor = try Self.compressor(index)
    let requests = Self.requests(Self.tiny)
    var numbers = SeededNumbers(5)
    let first = try run(requests, compressor, batch: 5)
    #expect(try run(requests.reversed(), compressor, batch: 5) == first)
    #expect(try run(requests.shuffled(using: &numbers), compressor, batch: 5) == first)
  }

  @Test("what an engine ran before, cancelled or failed, does not show", arguments: configurations.indices)
  func after(_ index: Int) throws {
    let compressor = try Self.compressor(index)
    let requests = Self.requests(Self.tiny)
    let alone = try run(Array(requests[..<9]), compressor, batch: 4)
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine(endTokens: [3, 50])
    func again() throws -> [String: Row] {
      var found: [String: Generation] = [:]
      try engine.run(Array(requests[..<9]), compressor: compressor, sampling: Self.sampling, batch: 4) {
        found[$0.sample] = $0
      }
      return Self.rows(found)
    }
    try engine.run(
      Array(requests[9...]), compressor: Self.compressor((index + 5) % Self.configurations.count), batch: 6
    ) { _ in }
    #expect(try again() == alone)

    let cancellation = Cancellation()
    var tokens = 0
    var finished = 0
    #expect(throws: CancellationError.self) {
      try engine.run(
        Array(requests[9...]), compressor: compressor, sampling: Self.sampling, batch: 6, cancellation: cancellation,
        onToken: { _, _ in
          tokens += 1
          if tokens == 40 { cancellation.cancel() }
        }, onFinish: { _ in finished += 1 })
    }
    #expect(tokens >= 40 && tokens < 60)
    #expect(finished < requests.count - 9)
    #expect(try again() == alone)

    #expect(throws: RuntimeProblem.self) {
      try engine.run(
        [requests[12], GenerationRequest(sample: "empty", prompt: [], maxTokens: 3)], compressor: compressor, batch: 2
      ) { _ in }
    }
    #expect(try again() == alone)
  }

  @Test("prompts in chunks of 16 and 64 give the rows of whole prompts", arguments: configurations.indices)
  func chunkedRows(_ index: Int) throws {
    let compressor = try Self.compressor(index)
    let requests = Self.requests(Self.tiny)
    let whole = try run(requests, compressor, batch: 8)
    func withoutPeaks(_ rows: [String: Row]) -> [String: Row] {
      rows.mapValues {
        Row(tokens: $0.tokens, finish: $0.finish, bytes: $0.bytes, peakBytes: 0, readBytes: $0.readBytes)
      }
    }
    for chunk in [16, 64] {
      #expect(withoutPeaks(try run(requests, compressor, batch: 8, chunkTokens: chunk)) == withoutPeaks(whole))
    }
  }

  @Test("prompts in chunks give the logits of whole prompts bit for bit", arguments: configurations.indices)
  func chunkedLogits(_ index: Int) throws {
    let compressor = try Self.compressor(index)
    let text = Self.tiny.text(340, seed: 31)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let prompt = Array(text[..<331])
    let whole = try trial.logits(prompt, then: Array(text[331...]), compressor)
    for chunk in [16, 64] {
      expectBits(try trial.logits(prompt, then: Array(text[331...]), compressor, chunk: chunk), whole)
    }
  }

  @Test("scores over later keys are gathered whole, however the engine cuts prompts")
  func chunkedCornerMasked() throws {
    let compressor = try Compressor(
      "h2o", ["variant": .word("prefill"), "causal": .bool(false), "heavy": .int(6), "recent": .int(8)])
    let requests = Self.requests(Self.tiny)
    let whole = try run(requests, compressor, batch: 8)
    #expect(try run(requests, compressor, batch: 8, chunkTokens: 16) == whole)
    #expect(try run(requests, compressor, batch: 1, threads: 2, chunkTokens: 64) == whole)
  }

  @Test("a prompt at once and token by token agree to 1e-4 in single precision")
  func stepwise() throws {
    let tiny = TinyModel(kvHeads: 2, groupHeads: 3, seed: 22)
    let text = tiny.text(70)
    let trial = try EngineTrial(tiny.model(.f32))
    let stepwise = try trial.logits([text[0]], then: Array(text[1...]))
    for length in [2, 16, 33, 69] {
      let whole = try trial.logits(Array(text[..<length]), then: Array(text[length...]))
      #expect(largestDifference(whole[0], stepwise[length - 1]) < 1e-4)
      #expect(largestDifference(whole[text.count - length], stepwise[text.count - 1]) < 1e-4)
    }
  }
}
