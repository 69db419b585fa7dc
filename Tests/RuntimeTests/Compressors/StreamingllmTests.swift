import Testing

@testable import Runtime

/// The checks of sheet streamingllm.
struct StreamingllmTests {
  @Test("sinks 2 and window 3, one token at a time: what queries 5 and 9 attend and what stays")
  func worked() throws {
    let trial = LayerTrial(try .of("streamingllm", ["sink": 2, "recent": 3]))
    var attended: [[Int]] = []
    var held: [[Int]] = []
    for _ in 0..<10 {
      attended.append(trial.step())
      held.append(trial.positions())
    }
    #expect(attended[5] == [0, 1, 2, 3, 4, 5])
    #expect(held[5] == [0, 1, 3, 4, 5])
    #expect(attended[9] == [0, 1, 6, 7, 8, 9])
    #expect(held[9] == [0, 1, 7, 8, 9])
    for (step, count) in attended.map(\.count).enumerated() { #expect(count == min(step + 1, 6)) }
    #expect(held.allSatisfy { $0.count <= 5 })
  }

  @Test("query 9 stands at angle 5 and the kept tokens at 0 to 5")
  func workedAngles() throws {
    let trial = LayerTrial(try .of("streamingllm", ["sink": 2, "recent": 3]))
    for _ in 0..<9 { trial.step() }
    trial.append(1)
    let table = try #require(trial.cache.table(head: 0))
    let runs = table.turns(query: 9)
    #expect(runs.map(\.slots.count).reduce(0, +) == 6)
    #expect(runs.first?.slots.lowerBound == 0)
    for run in runs {
      for slot in run.slots {
        let position = Int(table.positions[slot])
        let rank = [0, 1, 6, 7, 8, 9].firstIndex(of: position) ?? -1
        // Distance between the turned query and the key as it was rotated at its position.
        #expect(9 + Int(run.turn) - position == 5 - rank)
      }
    }
  }

  @Test("after any step at most sink + recent are held, and a query sees one more", arguments: [1, 5, 6, 40])
  func bounded(_ prompt: Int) throws {
    let trial = LayerTrial(try .of("streamingllm", ["sink": 2, "recent": 3]))
    trial.prefill(prompt)
    #expect(trial.positions().count == min(prompt, 5))
    for step in 0..<12 {
      #expect(trial.step().count == min(prompt + step + 1, 6))
      let newest = prompt + step
      #expect(
        trial.positions() == Array(Set([0, 1] + Array(max(0, newest - 2)...newest))).sorted().filter { $0 <= newest })
    }
  }

  @Test("variant=prefill keeps 4 and 508 of 4,096, leaves 511 alone, and grows while decoding")
  func prefill() throws {
    let compressor = try Compressor.of("streamingllm", words: ["variant": "prefill"])
    let trial = LayerTrial(compressor, kvHeads: 1, headDim: 16)
    trial.prefill(4_096)
    #expect(trial.positions() == Array(0..<4) + Array(3_588..<4_096))
    for _ in 0..<100 { trial.step() }
    #expect(trial.positions().count == 612)
    let short = LayerTrial(compressor, kvHeads: 1, headDim: 16)
    short.prefill(511)
    #expect(short.positions() == Array(0..<511))
  }

  @Test("variant=blocks keeps 64 and 448 of prompts over 512 and drops nothing while decoding")
  func blocks() throws {
    let compressor = try Compressor("streamingllm/blocks")
    let trial = LayerTrial(compressor, kvHeads: 1, headDim: 16)
    trial.prefill(1_000)
    #expect(trial.positions() == Array(0..<64) + Array(552..<1_000))
    trial.step()
    #expect(trial.positions().count == 513)
    let short = LayerTrial(compressor, kvHeads: 1, headDim: 16)
    short.prefill(511)
    #expect(short.positions().count == 511)
  }

  @Test("a share of the prompt and bytes become tokens", arguments: [(100, 30), (1_000, 300), (10, 5)])
  func shares(_ prompt: Int, _ kept: Int) throws {
    let trial = LayerTrial(
      try Compressor("streamingllm", ["budget": .budget(.share(0.3)), "variant": .word("prefill")]), headDim: 16)
    trial.prefill(prompt)
    #expect(trial.positions().count == max(kept, 5))
    // 3 heads of 16 channels in half precision are 192 bytes a token, the position 4.
    let bytes = LayerTrial(try Compressor("streamingllm", ["budget": .budget(.bytes(196 * 20))]), headDim: 16)
    bytes.prefill(prompt)
    #expect(bytes.positions().count == min(prompt, 20))
    #expect(bytes.cache.bytes.counted <= 196 * 20)
  }

  @Test("bytes are 768 a token and layer and 4 for its position, in every variant")
  func bytes() throws {
    for words in [
      ["variant": "paper"], ["variant": "paper", "pos": "keep"], ["variant": "prefill"], ["variant": "blocks"],
    ] {
      let trial = LayerTrial(try .of("streamingllm", ["sink": 64, "recent": 448], words: words))
      trial.prefill(4_096)
      let bytes = trial.cache.bytes
      #expect(bytes.payload == 393_216)
      #expect(bytes.metadata == 512 * 4)
      #expect(bytes.counted == 395_264)
      #expect(bytes.read == 393_216)
      #expect(trial.cache.takePeakBytes() == 4_096 * 772)
    }
    let whole = LayerTrial(.none)
    whole.prefill(4_096)
    #expect(whole.cache.bytes.counted == 3_145_728)
  }

  @Test("a window without sinks reads the same whether slots are renumbered or not, since distances are the same")
  func rotaryShift() throws {
    let window = 30
    var found: [[[Double]]] = []
    for position in ["keep", "renumber"] {
      var trial = try AttentionTrial(
        .of("streamingllm", ["sink": 0, "recent": window], words: ["pos": position]), seed: 3)
      var outputs: [[Double]] = []
      for _ in 0..<80 {
        let rows = trial.draw(1)
        try trial.append(rows, 1, isLast: false)
        outputs.append((0..<6).flatMap { rows.output(0, $0).map(Double.init) })
        try trial.layer.finishStep()
      }
      #expect(trial.layer.positions(head: 0).count == window)
      found.append(outputs)
    }
    for (keep, renumber) in zip(found[0], found[1]) {
      #expect(largestDifference(keep.map(Float.init), renumber.map(Float.init)) < 1e-5)
    }
  }

  static let decoders: [(words: [String: String], renumbers: Bool, drops: Bool)] = [
    (["variant": "paper"], true, true), (["variant": "paper", "pos": "keep"], false, true),
    (["variant": "paper", "prefill": "stream"], true, true),
    (["variant": "paper", "prefill": "stream", "pos": "keep"], false, true),
    (["variant": "prefill"], false, false), (["variant": "prefill", "pos": "renumber"], true, false),
    (["variant": "blocks"], false, false),
  ]

  @Test("a whole model equals the paper's algorithm in double precision", arguments: decoders.indices)
  func plain(_ index: Int) throws {
    let (words, renumbers, drops) = Self.decoders[index]
    let tiny = TinyModel(kvHeads: 2, groupHeads: 3, headDim: 32, seed: 41)
    let text = tiny.text(75)
    let prompt = Array(text[..<45])
    let plain = PlainDecoder(
      tiny, rule: .sinks(sink: 4, recent: 15), renumbers: renumbers, dropsWhileDecoding: drops)
    var expected: [[Double]] = []
    if words["prefill"] == "stream" {
      for token in prompt { expected = [plain.step(token)] }
    } else {
      expected = [plain.prefill(prompt)]
    }
    for token in text[45...] { expected.append(plain.step(token)) }
    let found = try EngineTrial(tiny.model()).logits(
      prompt, then: Array(text[45...]), .of("streamingllm", ["sink": 4, "recent": 15], words: words))
    for (step, logits) in found.enumerated() {
      #expect(largestDifference(logits, expected[step].map(Float.init)) < 3e-4, "step \(step)")
    }
  }
}
