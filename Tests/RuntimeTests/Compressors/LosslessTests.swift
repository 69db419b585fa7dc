import Testing

@testable import Runtime

/// What must not change a bit: prompts that fit the budget, and prefill before anything is packed or dropped.
struct LosslessTests {
  /// Every variant of the evicting methods, and every rule of positions; budgets are added per test.
  static let eviction: [(name: String, words: [String: String])] = [
    ("streamingllm", ["variant": "paper", "pos": "renumber"]), ("streamingllm", ["variant": "paper", "pos": "keep"]),
    ("streamingllm", ["variant": "paper", "prefill": "stream"]),
    ("streamingllm", ["variant": "paper", "prefill": "stream", "pos": "keep"]),
    ("streamingllm", ["variant": "prefill", "pos": "renumber"]), ("streamingllm", ["variant": "prefill"]),
    ("streamingllm", ["variant": "blocks", "pos": "renumber"]), ("streamingllm", ["variant": "blocks"]),
    ("h2o", ["variant": "decode", "pos": "renumber"]), ("h2o", ["variant": "decode"]),
    ("h2o", ["variant": "prefill", "pos": "renumber"]), ("h2o", ["variant": "prefill"]),
    ("h2o", ["variant": "blocks", "pos": "renumber"]), ("h2o", ["variant": "blocks"]),
    ("tova", [:]), ("tova", ["variant": "prefill"]), ("keydiff", ["mode": "block"]), ("keydiff", ["mode": "once"]),
    ("expectedattention", [:]), ("keep", ["score": "tova"]), ("keep", ["score": "knorm", "heads": "same"]),
    ("keep", ["score": "h2o", "heads": "adaptive"]),
  ]

  static func compressor(_ index: Int, budget: Int) throws -> Compressor {
    let (name, words) = eviction[index]
    return try .of(name, ["budget": budget], words: words)
  }

  static let tiny = TinyModel(kvHeads: 2, groupHeads: 3, headDim: 32, contextTokens: 1_024, isQuantised: true, seed: 71)
  static let model = Result { try tiny.model(.mixed) }

  @Test(
    "a budget of prompt and new tokens gives the baseline's logits bit for bit", arguments: eviction.indices,
    [1, 30, 560])
  func budget(_ index: Int, _ prompt: Int) throws {
    let text = Self.tiny.text(prompt + 20)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<prompt]), then: Array(text[prompt...]))
    let found = try trial.logits(
      Array(text[..<prompt]), then: Array(text[prompt...]), Self.compressor(index, budget: prompt + 20))
    expectBits(found, baseline)
  }

  @Test("a budget one token short is not the baseline", arguments: [0, 1, 4, 5, 8, 9, 10, 11])
  func shortBudget(_ index: Int) throws {
    let text = Self.tiny.text(60)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<40]), then: Array(text[40...]))
    let found = try trial.logits(Array(text[..<40]), then: Array(text[40...]), Self.compressor(index, budget: 39))
    expectBits([found[0]], [baseline[0]])
    expectBits([found[20]], [baseline[20]], areEqual: false)
  }

  @Test("text and bytes at a budget that is never reached are the baseline's", arguments: eviction.indices)
  func text(_ index: Int) throws {
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let requests = PromiseTests.requests(Self.tiny, count: 20)
    let sampling = Sampling(temperature: 1, seed: 2)
    let baseline = try trial.generate(requests, sampling: sampling, batch: 8)
    let found = try trial.generate(requests, Self.compressor(index, budget: 90), sampling: sampling, batch: 8)
    for request in requests {
      #expect(found[request.sample]?.tokens == baseline[request.sample]?.tokens)
      #expect(found[request.sample]?.cacheBytes.payload == baseline[request.sample]?.cacheBytes.payload)
    }
  }

  static let untouched: [(name: String, integers: [String: Int], words: [String: String])] =
    [2, 4, 8].flatMap { bits in
      [32, 64].map { residual in ("kivi", ["bits": bits, "residual": residual], [:]) }
    } + [("gear", ["bits": 4], [:]), ("gear", ["bits": 8, "interval": 3], [:])]
    + [2, 4].map { ("gear", ["bits": $0, "group": 32, "interval": 32], ["mode": "group"]) }
    + [("think", [:], [:]), ("think", ["window": 1, "recent": 0], [:])]
    + [2, 3, 4, 5].map { ("kvquant", ["bits": $0, "sink": 16], [:]) }
    + [("qjl", ["residual": 32], [:]), ("qjl", ["residual": 64, "outlier_channels": 0], [:])]
    + [2, 3, 4, 8].map { ("quarot", ["bits": $0], [:]) }
    + [4, 8, 16].map { ("mikv", ["hi_bits": $0], [:]) }
    + eviction.filter { $0.words["prefill"] != "stream" && $0.words["mode"] != "block" }.map {
      ($0.name, ["budget": 20], $0.words)
    }

  @Test(
    "logits after the prompt are the baseline's bit for bit, whatever is packed or dropped then",
    arguments: untouched.indices, [Int.max, 48])
  func prefill(_ index: Int, _ chunk: Int) throws {
    let (name, integers, words) = Self.untouched[index]
    let text = Self.tiny.text(150)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<149]), then: [text[149]])
    let found = try trial.logits(
      Array(text[..<149]), then: [text[149]], .of(name, integers, words: words), chunk: chunk)
    expectBits([found[0]], [baseline[0]])
    expectBits([found[1]], [baseline[1]], areEqual: false)
  }

  @Test("KIVI packs nothing before the residual is full: baseline bits until then")
  func residual() throws {
    let text = Self.tiny.text(140)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<120]), then: Array(text[120...]))
    let found = try trial.logits(Array(text[..<120]), then: Array(text[120...]), .of("kivi"))
    // Index i is the query of token 119 + i; the 128th token is in the cache after the query of index 8.
    for index in 0...8 { expectBits([found[index]], [baseline[index]], "index \(index)") }
    expectBits([found[9]], [baseline[9]], areEqual: false)
  }

  @Test("an evicting method and a codec act together, and each alone differs from both")
  func composed() throws {
    let text = Self.tiny.text(150)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let keep = try Compressor.of("h2o", ["heavy": 20, "recent": 44], words: ["variant": "prefill"])
    let codec = try Compressor.of("kivi", ["residual": 32])
    func logits(_ compressor: Compressor) throws -> [[Float]] {
      try trial.logits(Array(text[..<140]), then: Array(text[140...]), compressor)
    }
    let both = try logits(keep.composed(with: codec))
    expectBits(both, try logits(codec.composed(with: keep)))
    expectBits(both, try logits(keep), areEqual: false)
    expectBits(both, try logits(codec), areEqual: false)
    #expect(both.allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
