import KernelABI
import Testing

@testable import Runtime

/// The checks of LazyLLM's sheet, and its algorithm in plain steps.
struct LazyllmTests {
  @Test("the least weighed tokens leave, the newest never; of equal weights the earlier one leaves")
  func remaining() {
    func remaining(_ weights: [Float], _ kept: Double, pin: Int = 1, sink: Int = 0) -> [Int] {
      ProgressivePruning.remaining(
        weights.enumerated().map { (position: $0.offset, weight: $0.element) }, kept: kept, pin: pin, sink: sink)
    }
    #expect(remaining([0.4, 0.1, 0.2, 0.05, 0.25], 0.6) == [0, 2, 4])
    #expect(remaining([0.4, 0.1, 0.2, 0.25, 0.05], 0.6) == [0, 3, 4])
    #expect(remaining([0.1, 0.1, 0.1, 0.1], 0.5) == [2, 3])
    #expect(remaining([0.4, 0.1, 0.2], 1) == [0, 1, 2])
    #expect(remaining([0.4, 0.1, 0.2], 0) == [2])
    #expect(remaining([0.4], 0) == [0])
    #expect(remaining([0.1, 0.1, 0.1, 0.1, 0.1], 0.2, pin: 2) == [3, 4])
    #expect(remaining([0.1, 0.2, 0.3, 0.4, 0.5], 0.2, pin: 1, sink: 2) == [0, 1, 4])
    #expect(remaining([0.1, 0.2], 0.1, pin: 9) == [0, 1])
    // 1 - 0.9 is a little under 0.1.
    #expect(remaining((0..<10).map { Float($0) }, 0.9).count == 9)
  }

  @Test("4,096 tokens become 2,868, 1,434 and 431")
  func counts() {
    var positions = Array(0..<4096)
    var counts: [Int] = []
    for kept in [0.7, 0.5, 0.3] {
      positions = ProgressivePruning.remaining(
        positions.map { ($0, Float($0 * 7919 % 4099)) }, kept: kept, pin: 1, sink: 0)
      counts.append(positions.count)
    }
    #expect(counts == [2868, 1434, 431])
    #expect(positions.last == 4095)
  }

  static func rule(_ places: [Double], _ kept: [Double], pin: Int = 1) -> ProgressivePruning {
    ProgressivePruning(places: places, kept: kept, pin: pin, sink: 0)
  }

  @Test("places are layers of any model; those that coincide or save nothing count for nothing")
  func boundaries() {
    let rule = Self.rule([0.3, 0.6, 0.9], [0.7, 0.5, 0.3])
    #expect(rule.boundaries(layers: 30).map(\.layer) == [8, 17, 26])
    #expect(rule.boundaries(layers: 2).map(\.layer) == [0])
    #expect(rule.boundaries(layers: 1).isEmpty)
    #expect(Self.rule([0, 1], [0.5, 0.5]).boundaries(layers: 4).map(\.layer) == [0])
  }

  @Test("shares are written in a text, alone, or as a number; a wrong one is a problem")
  func parameters() throws {
    func rule(_ given: [String: ParameterValue]) throws -> ProgressivePruning? {
      try Compressor("lazyllm", given).slots.flow as? ProgressivePruning
    }
    #expect(try rule([:])?.places == [0.3, 0.6, 0.9])
    #expect(try rule(["keep": .word("70%, 0.5,30 %")])?.kept == [0.7, 0.5, 0.3])
    #expect(try rule(["keep": .budget(.share(0.5))])?.kept == [0.5, 0.5, 0.5])
    #expect(try rule(["layers": .word("50%"), "keep": .int(1)])?.kept == [1])
    #expect(
      try Compressor("lazyllm", ["keep": .word("70%,50%,57%")]).label == "lazyllm keep=\"70%, 50%, 57%\"")
    for (given, problem) in [
      (
        ["keep": .word("70%,50%")],
        RuntimeProblem(
          "K304", seen: "lazyllm: keep=\"70%, 50%\" with layers=\"30%, 60%, 90%\"",
          expected: "one share for each of layers, or one for all")
      ),
      (
        ["layers": .word("60%,30%"), "keep": .float(0.5)],
        RuntimeProblem("K304", seen: "lazyllm: layers=\"60%, 30%\"", expected: "shares that ascend")
      ),
      (
        ["keep": .word("70%,half,30%")],
        RuntimeProblem("K302", seen: "lazyllm: keep=70%,half,30%", expected: "keep as shares in a text (\"70%, 50%\")")
      ),
      (
        ["keep": .word("")],
        RuntimeProblem("K302", seen: "lazyllm: keep=", expected: "keep as shares in a text (\"70%, 50%\")")
      ),
      (
        ["keep": .float(1.5)],
        RuntimeProblem("K303", seen: "lazyllm: keep=\"150%\"", expected: "shares from 0% to 100%")
      ),
    ] as [([String: ParameterValue], RuntimeProblem)] {
      #expect(throws: problem) { try Compressor("lazyllm", given) }
    }
  }

  // MARK: The algorithm

  static let tiny = TinyModel(layers: 5, kvHeads: 2, groupHeads: 2, seed: 55)
  static let model = Result { try tiny.model(.f32) }
  static let words = ["layers": "20%, 60%", "keep": "60%, 50%"]

  private static func state(_ cache: SequenceCache) throws -> ProgressivePruningState {
    try #require(cache.flow as? ProgressivePruningState)
  }

  @Test("prompt and steps are those of the sheet's algorithm in plain steps", arguments: [1, 2, 9, 40])
  func plain(_ prompt: Int) throws {
    let text = Self.tiny.text(prompt + 24, seed: prompt)
    let plain = PlainLazyDecoder(Self.tiny, boundaries: [0: 0.6, 2: 0.5])
    let trial = try EngineTrial(Self.model.get())
    let pass = trial.pass()
    let cache = try pass.makeCache(.of("lazyllm", words: Self.words))
    var returned = 0
    for step in 0...24 {
      let tokens = step == 0 ? Array(text[..<prompt]) : [text[prompt + step - 1]]
      try pass.run([step == 0 ? .prompt(tokens, of: cache, isLast: true) : .step(tokens[0], of: cache)])
      let expected = plain.run(tokens).map(Float.init)
      #expect(largestDifference(trial.row(pass.lastRows[0], of: pass), expected) < 2e-4, "step \(step)")
      let state = try Self.state(cache)
      for layer in 0..<5 {
        let held = cache.positions(layer: layer, head: 0)
        // Each token once a layer.
        #expect(Set(held).count == held.count)
        #expect(held.map(Int.init).sorted() == plain.computed[layer].keys.sorted(), "step \(step), layer \(layer)")
        #expect(plain.computed[layer].values.allSatisfy { $0 == 1 })
        if zip(held, held.dropFirst()).contains(where: { $0 > $1 }) { returned += 1 }
      }
      #expect(state.active == [0, 1, 3].map { plain.active[$0] })
      #expect(zip(state.active, state.active.dropFirst()).allSatisfy { Set($1).isSubset(of: $0) })
      #expect(state.active.allSatisfy { $0.last == prompt + step - 1 })
      #expect(state.waiting == [0, 1, 3].map { plain.waiting[$0].keys.sorted() })
    }
    // Tokens have come back behind newer ones, so that positions and slots differ.
    #expect(prompt < 9 || returned > 0)
  }

  @Test("bytes are keys and values of the tokens a layer computed, and the states of those that wait")
  func bytes() throws {
    let tiny = TinyModel(layers: 10, kvHeads: 3, groupHeads: 1, headDim: 64, hidden: 64, seed: 56)
    let trial = try EngineTrial(tiny.model(.mixed))
    let (cache, _) = try trial.prefill(tiny.text(400), .of("lazyllm"), on: trial.pass())
    // Behind 3, 6 and 9 of 10 layers: 400, 280, 140, 42 tokens.
    let tokens = 3 * 400 + 3 * 280 + 3 * 140 + 42
    #expect(cache.bytes.payload == 4 * 3 * 64 * tokens)
    // A position a token and stage; per token and stage a byte that says whether it was computed.
    let waiting = 120 + 140 + 98
    #expect(
      cache.bytes.metadata == waiting * (2 * 64 + 4) + 4 * (400 + 280 + 140 + 42) + 4 * 400)
    #expect(cache.peakBytes >= cache.bytes.held)
    let rule = try #require(try Compressor.of("lazyllm").slots.flow)
    #expect(
      rule.mostBytes(tokens: 400, shape: trial.model.cacheShape, hidden: 64) >= cache.bytes.metadata)
  }

  @Test("keep=100% is the baseline bit for bit", arguments: [1, 2, 30, 560])
  func lossless(_ prompt: Int) throws {
    let tiny = TinyModel(
      layers: 4, kvHeads: 2, groupHeads: 3, headDim: 32, contextTokens: 1_024, isQuantised: true, seed: 73)
    let trial = try EngineTrial(tiny.model(.mixed), threads: 1)
    let text = tiny.text(prompt + 12)
    let baseline = try trial.logits(Array(text[..<prompt]), then: Array(text[prompt...]))
    func logits(_ keep: String) throws -> [[Float]] {
      try trial.logits(
        Array(text[..<prompt]), then: Array(text[prompt...]), .of("lazyllm", words: ["keep": keep]))
    }
    expectBits(try logits("100%"), baseline)
    if prompt > 2 { expectBits(try logits("50%"), baseline, areEqual: false) }
  }

  @Test("a waiting state keeps its numbers, and goes once it is taken")
  func parked() {
    for element in [FloatElement.float32, .float16] {
      var parked = ParkedStates(hidden: 3, element: element)
      for position in [7, 2, 9] { parked.put(position, (0..<3).map { Float(position) + 0.25 * Float($0) }) }
      #expect(parked.bytes == 3 * (3 * element.bytes + 4))
      var state: [Float] = [0, 0, 0]
      let first = parked.take(7, into: &state)
      #expect(first && state == [7, 7.25, 7.5])
      let again = parked.take(7, into: &state)
      #expect(!again && parked.positions.sorted() == [2, 9])
      let other = parked.take(9, into: &state)
      #expect(other && state == [9, 9.25, 9.5])
    }
  }

  @Test("sequences with other tokens in each layer share passes, beside sequences that compute all of theirs")
  func shared() throws {
    let trial = try EngineTrial(Self.model.get())
    let pass = trial.pass()
    let compressors = try [Compressor.of("lazyllm", words: Self.words), .none, .of("lazyllm")]
    let texts = [30, 11, 50].map { Self.tiny.text($0, seed: $0) }
    func prompt(_ index: Int) -> [Int32] { Array(texts[index].dropLast(8)) }
    let alone = try texts.indices.map { index in
      try trial.logits(prompt(index), then: Array(texts[index].suffix(8)), compressors[index])
    }
    let caches = try texts.indices.map { try pass.makeCache(compressors[$0]) }
    try pass.run(texts.indices.map { .prompt(prompt($0), of: caches[$0], isLast: true) })
    for (index, row) in pass.lastRows.enumerated() {
      expectBits([trial.row(row, of: pass)], [alone[index][0]])
    }
    for step in 0..<8 {
      try pass.run(texts.indices.map { .step(texts[$0].suffix(8).map { $0 }[step], of: caches[$0]) })
      for (index, row) in pass.lastRows.enumerated() {
        expectBits([trial.row(row, of: pass)], [alone[index][step + 1]], "step \(step), sequence \(index)")
      }
    }
  }

  @Test("it stores what it keeps in any format, and reads prompts that were shortened; it refuses to share its tokens")
  func composed() throws {
    let lazy = try Compressor.of("lazyllm", words: Self.words)
    let trial = try EngineTrial(Self.model.get())
    let request = GenerationRequest(sample: "a", prompt: Self.tiny.text(150), maxTokens: 40, ignoresEnd: true)
    for other in try [Compressor.of("kivi", ["residual": 32]), .of("gemfilter", ["budget": 60])] {
      let found = try #require(try trial.generate([request], lazy.composed(with: other))["a"])
      #expect(found.tokens.count == 40)
      #expect(found.cacheBytes.held < (try #require(try trial.generate([request], lazy)["a"])).cacheBytes.held)
    }
    for (name, words) in [
      ("h2o", [:]), ("streamingllm", ["pos": "keep"]), ("quest", [:]), ("minicache", [:]),
    ] as [(String, [String: String])] {
      #expect {
        try lazy.composed(with: .of(name, words: words))
      } throws: {
        ($0 as? RuntimeProblem)?.code == "K306"
      }
    }
  }

  @Test("a text is scored by steps, never as one prompt")
  func perplexity() throws {
    let engine = try EngineTrial(Self.model.get(), threads: 1).engine()
    let text = Self.tiny.text(120)
    let lazy = try Compressor.of("lazyllm", words: Self.words)
    let run = try engine.perplexity(of: text, window: 60, stride: 20, lazy, feeding: .steps, batch: 3)
    #expect(
      try engine.perplexity(of: text, window: 60, stride: 20, lazy, feeding: .steps, batch: 1).windowMeans
        == run.windowMeans)
    #expect(
      run.windowMeans
        != (try engine.perplexity(of: text, window: 60, stride: 20, feeding: .steps)).windowMeans)
    #expect { try engine.perplexity(of: text, window: 60, stride: 20, lazy) } throws: {
      ($0 as? RuntimeProblem)?.code == "K608"
    }
  }
}
