import Foundation
import Testing

@testable import Runtime

/// The checks of sheet h2o.
struct H2oTests {
  /// The sheet's four rows of attention weights.
  static let prompt: [Float] = [1.875, 0.875, 0.75, 0.5]

  /// The sheet's prompt and its step, then one step in which position 3 gets `weight`: what stays.
  private func afterWorkedStep(weightOfThree weight: Float) throws -> (first: [Int], second: [Int], third: [Int]) {
    let trial = LayerTrial(try .of("h2o", ["heavy": 1, "recent": 2]), kvHeads: 1)
    trial.prefill(4) { Self.prompt[$0] }
    let first = trial.positions()
    let step: [Int: Float] = [0: 0.5, 2: 0.125, 3: 0.125, 4: 0.25]
    trial.step { step[$0] ?? 0 }
    let second = trial.positions()
    trial.step { $0 == 3 ? weight : 0 }
    return (first, second, trial.positions())
  }

  @Test("the worked example: {0, 2, 3} after the prompt, {0, 3, 4} after the step with sums 2.375 and 0.625")
  func worked() throws {
    // Position 3 stays in the third step just if its sum passes 2.375: its own 0.625 and what it is given.
    let below = try afterWorkedStep(weightOfThree: 1.5)
    #expect(below.first == [0, 2, 3])
    #expect(below.second == [0, 3, 4])
    #expect(below.third == [0, 4, 5])
    #expect(try afterWorkedStep(weightOfThree: 1.749).third == [0, 4, 5])
    #expect(try afterWorkedStep(weightOfThree: 1.751).third == [3, 4, 5])
  }

  @Test("equal sums: the earlier token stays, after the prompt and while decoding")
  func ties() throws {
    let trial = LayerTrial(try .of("h2o", ["heavy": 2, "recent": 2]))
    trial.prefill(8) { _ in 1 }
    #expect(trial.positions() == [0, 1, 6, 7])
    trial.step { _ in 0 }
    #expect(trial.positions() == [0, 1, 7, 8])
  }

  @Test("the newest always stay and every head holds exactly heavy + recent once it can", arguments: [5, 20, 63])
  func sizes(_ prompt: Int) throws {
    var trial = try AttentionTrial(
      .of("h2o", ["heavy": 7, "recent": 9]), kvHeads: 3, groupHeads: 2, headDim: 32, seed: prompt)
    try trial.append(trial.draw(prompt), prompt, isLast: true)
    try trial.layer.finishPrefill()
    var sets: Set<[Int32]> = []
    for step in 0..<20 {
      let attended = try trial.step().attended
      let seen = prompt + step + 1
      for head in 0..<3 {
        let positions = trial.layer.positions(head: head).sorted()
        sets.insert(positions)
        #expect(positions.count == min(seen, 16))
        #expect(positions.suffix(9) == (Int32(max(0, seen - 9))..<Int32(seen)).suffix(9))
        #expect(attended[head] == min(seen, 17))
      }
    }
    #expect(trial.holdsItsKeys())
    if prompt == 63 { #expect(sets.count > 20, "heads choose for themselves") }
  }

  @Test("no heavy hitters and a window is a sliding window")
  func window() throws {
    var sliding = try AttentionTrial(.of("streamingllm", ["sink": 0, "recent": 12], words: ["pos": "keep"]), seed: 8)
    var heavy = try AttentionTrial(.of("h2o", ["heavy": 0, "recent": 12]), seed: 8)
    for _ in 0..<40 {
      #expect(try sliding.step().difference < 1e-5)
      #expect(try heavy.step().difference < 1e-5)
      for head in 0..<2 {
        #expect(heavy.layer.positions(head: head).sorted() == sliding.layer.positions(head: 0).sorted())
      }
    }
  }

  /// Column sums of a prompt by the engine and in double precision, head by head.
  private func sums(_ compressor: Compressor, _ prompt: Int, chunk: Int, corner: Int? = nil) throws
    -> (found: [[Float]], expected: [[Float]])
  {
    var trial = try AttentionTrial(compressor, kvHeads: 2, groupHeads: 3, headDim: 64, seed: 51)
    var chunks: [(rows: AttentionTrial.Rows, count: Int)] = []
    for start in stride(from: 0, to: prompt, by: chunk) {
      let count = min(chunk, prompt - start)
      let rows = trial.draw(count)
      try trial.append(rows, count, isLast: false)
      chunks.append((rows, count))
    }
    var expected: [[Float]] = []
    for head in 0..<2 {
      var sum = [Double](repeating: 0, count: prompt)
      var position = 0
      for (rows, count) in chunks {
        for token in 0..<count {
          let limit = corner.map { position >= prompt - $0 ? position : prompt } ?? position
          for queryHead in head * 3..<head * 3 + 3 {
            let weights = trial.weights(rows, token, queryHead: queryHead, position: position, upTo: limit)
            for (slot, weight) in weights.enumerated() { sum[slot] += weight / 3 }
          }
          position += 1
        }
      }
      expected.append(sum.map(Float.init))
    }
    return ((0..<2).map { trial.layer.table(head: $0)?.columnSums ?? [] }, expected)
  }

  @Test("column sums equal an eager softmax in double precision and add up to the queries", arguments: [16, 48, 600])
  func columnSums(_ chunk: Int) throws {
    let (found, expected) = try sums(.of("h2o"), 600, chunk: chunk)
    for head in 0..<2 {
      #expect(largestDifference(found[head], expected[head]) < 2e-4)
      #expect(abs(found[head].map(Double.init).reduce(0, +) - 600) < 1e-2)
    }
  }

  @Test("causal=false scores later keys too, but for the last window's rows")
  func cornerMasked() throws {
    let compressor = try Compressor(
      "h2o", ["variant": .word("prefill"), "causal": .bool(false), "heavy": .int(20), "recent": .int(8)])
    let (found, expected) = try sums(compressor, 90, chunk: 90, corner: 8)
    for head in 0..<2 {
      #expect(largestDifference(found[head], expected[head]) < 2e-4)
      #expect(abs(found[head].map(Double.init).reduce(0, +) - 90) < 1e-2)
    }
    // Later keys get more than the causal mask would leave them.
    let causal = try sums(.of("h2o"), 90, chunk: 90).found
    #expect(found[0][60] > causal[0][60])
  }

  @Test("sums of prompt and steps are the number of queries until the first token leaves")
  func sumsWhileDecoding() throws {
    // A prompt within the budget, then steps whose weights must come to 1 each.
    var trial = try AttentionTrial(
      SumsOfWeights.compressor(), kvHeads: 2, groupHeads: 3, headDim: 32, threads: 1, seed: 52)
    try trial.append(trial.draw(40), 40, isLast: true)
    try trial.layer.finishPrefill()
    for _ in 0..<30 { _ = try trial.step() }
    let sums = try #require(trial.cache.compressor.slots.keep as? SumsOfWeights).sums.values
    for head in 0..<2 { #expect(abs((sums[head] ?? 0) - 70) < 1e-3) }
  }

  @Test(
    "variant=blocks keeps 64 and the prompt's length modulo 448",
    arguments: [
      (1_024, 192), (2_048, 320), (4_096, 128), (8_192, 192), (10_240, 448), (896, 512), (512, 512), (500, 500),
    ])
  func blocks(_ prompt: Int, _ kept: Int) throws {
    let trial = LayerTrial(try Compressor("h2o/blocks"), kvHeads: 1, headDim: 16)
    trial.prefill(prompt)
    #expect(trial.positions().count == kept)
    if kept < prompt { #expect(trial.positions() == Array(0..<64) + Array(prompt - kept + 64..<prompt)) }
    trial.step()
    #expect(trial.positions().count == kept + 1)
  }

  @Test("variant=prefill keeps 504 and 8, leaves 511 alone, and grows while decoding")
  func prefill() throws {
    let trial = LayerTrial(try Compressor("h2o/artifact"), kvHeads: 1, headDim: 16)
    trial.prefill(2_000) { $0 % 3 == 1 ? 10 : Float(2_000 - $0) / 1_000 }
    // 664 tokens weigh 10; the first 504 of them stay, and the last 8 of the prompt.
    #expect(trial.positions() == (0..<504).map { 3 * $0 + 1 } + Array(1_992..<2_000))
    trial.step()
    #expect(trial.positions().count == 513)
    let short = LayerTrial(try Compressor("h2o/artifact"), kvHeads: 1, headDim: 16)
    short.prefill(511) { _ in 1 }
    #expect(short.positions().count == 511)
  }

  @Test("bytes are 768 a token and layer, 12 for positions and 12 for sums where they are kept on")
  func bytes() throws {
    for (words, metadata) in [(["variant": "decode"], 24), (["variant": "prefill"], 12), (["variant": "blocks"], 4)] {
      let trial = LayerTrial(try .of("h2o", ["heavy": 64, "recent": 448], words: words))
      let prompt = words["variant"] == "blocks" ? 896 : 4_096
      trial.prefill(prompt) { 1 / Float($0 + 1) }
      #expect(trial.cache.bytes.payload == 393_216)
      #expect(trial.cache.bytes.metadata == 512 * metadata)
    }
    let trial = LayerTrial(try .of("h2o"))
    trial.prefill(4_096) { 1 / Float($0 + 1) }
    for _ in 0..<5 { trial.step { _ in 0.1 } }
    #expect(trial.cache.bytes.counted == 405_504)
  }

  static let decoders: [(words: [String: String], renumbers: Bool, drops: Bool)] = [
    (["variant": "decode"], false, true), (["variant": "decode", "pos": "renumber"], true, true),
    (["variant": "prefill"], false, false), (["variant": "prefill", "pos": "renumber"], true, false),
  ]

  @Test("a whole model equals the paper's algorithm in double precision, kept sets too", arguments: decoders.indices)
  func plain(_ index: Int) throws {
    let (words, renumbers, drops) = Self.decoders[index]
    let tiny = TinyModel(kvHeads: 2, groupHeads: 3, headDim: 32, seed: 61)
    let text = tiny.text(70)
    let plain = PlainDecoder(tiny, rule: .heavy(heavy: 8, recent: 9), renumbers: renumbers, dropsWhileDecoding: drops)
    let trial = try EngineTrial(tiny.model())
    let pass = trial.pass()
    let expected = plain.prefill(Array(text[..<45])).map(Float.init)
    let (cache, logits) = try trial.prefill(
      Array(text[..<45]), .of("h2o", ["heavy": 8, "recent": 9], words: words), on: pass)
    #expect(largestDifference(logits, expected) < 3e-4)
    for token in text[45...] {
      try pass.run([.step(token, of: cache)])
      #expect(largestDifference(trial.row(0, of: pass), plain.step(token).map(Float.init)) < 3e-4)
      for layer in 0..<tiny.layers {
        for head in 0..<tiny.kvHeads {
          #expect(
            cache.positions(layer: layer, head: head).sorted().map(Int.init) == plain.cache[layer][head].map(\.position)
          )
        }
      }
    }
  }
}

/// A policy that keeps everything and adds up all the weights it is shown, head by head.
private struct SumsOfWeights: KeepPolicy {
  final class Sums: @unchecked Sendable { var values: [Int: Double] = [:] }
  let sums = Sums()
  var needs: AttentionNeeds { AttentionNeeds(columnSums: .causal, stepWeights: true) }
  var removesWhileDecoding: Bool { true }
  var sharesSlots: Bool { false }
  func makeState(shape: CacheShape, layer: Int) -> any KeepState { State(sums: sums) }

  final class State: KeepState {
    let sums: Sums
    init(sums: Sums) { self.sums = sums }
    func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? {
      sums.values[head, default: 0] += view.columnSums.reduce(0) { $0 + Double($1) }
      return nil
    }
    func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
      sums.values[head, default: 0] += (0..<count).reduce(0) { $0 + Double(weights[$1]) }
    }
  }

  static func compressor() throws -> Compressor {
    let card = MethodCard(
      name: "sums", title: "", family: .eviction, paper: "", summary: "", parameters: [], storage: .full
    ) { _ in Slots(keep: SumsOfWeights()) }
    return Compressor(stages: [], slots: try card.fill(Settings(method: "sums", values: [:], given: [])))
  }
}
