import KernelABI
import Testing

@testable import Runtime

/// A model split by heads and columns over ranks.
struct RankTests {
  struct Split: Sendable, CustomTestStringConvertible {
    let kvHeads: Int
    let ranks: Int
    let isQuantised: Bool
    let threads: Int
    var testDescription: String {
      "\(kvHeads) KV heads on \(ranks) ranks, \(isQuantised ? "Q8_0" : "float"), \(threads) threads"
    }
  }

  static let splits = [
    Split(kvHeads: 2, ranks: 2, isQuantised: false, threads: 1),
    Split(kvHeads: 2, ranks: 2, isQuantised: false, threads: 4),
    Split(kvHeads: 3, ranks: 3, isQuantised: false, threads: 2),
    Split(kvHeads: 4, ranks: 2, isQuantised: false, threads: 2),
    Split(kvHeads: 4, ranks: 4, isQuantised: false, threads: 2),
    Split(kvHeads: 2, ranks: 2, isQuantised: true, threads: 2),
  ]

  private static func model(_ split: Split) throws -> Model {
    try TinyModel(
      kvHeads: split.kvHeads, groupHeads: 2, feedForward: split.isQuantised ? 96 : 160, isQuantised: split.isQuantised
    ).model()
  }

  private static func logits(
    _ model: Model, ranks: Int, threads: Int, _ compressor: Compressor = .none, kind: AttentionEngine.Kind = .fused
  ) throws -> [[Float]] {
    let trial = try EngineTrial(model, threads: threads)
    let engine = trial.engine(chunkTokens: 32)
    try engine.use(AttentionEngine(kind, ranks: ranks), for: compressor)
    let text = TinyModel().text(82)
    let cache = try engine.pass.makeCache(compressor)
    let row = try engine.fill(cache, with: Array(text.prefix(70)), nil)
    var all = [trial.row(row, of: engine.pass)]
    for token in text.dropFirst(70) {
      try engine.pass.run([.step(token, of: cache)])
      all.append(trial.row(engine.pass.lastRows[0], of: engine.pass))
    }
    return all
  }

  @Test("ranks give what the whole model gives, to 1e-5 of the largest logit", arguments: splits)
  func agree(_ split: Split) throws {
    let model = try Self.model(split)
    let whole = try Self.logits(model, ranks: 1, threads: 2)
    let ranked = try Self.logits(model, ranks: split.ranks, threads: split.threads)
    for (own, expected) in zip(ranked, whole) {
      #expect(largestDifference(own, expected) < 1e-5 * Double(expected.map(abs).max() ?? 0))
    }
  }

  @Test("the sum has the order of the ranks: threads and repetitions do not change a bit")
  func sameBits() throws {
    let model = try Self.model(Self.splits[0])
    let first = try Self.logits(model, ranks: 2, threads: 1)
    for threads in [1, 2, 4] { expectBits(try Self.logits(model, ranks: 2, threads: threads), first) }
  }

  @Test("every kind of engine runs on ranks", arguments: AttentionEngine.Kind.allCases)
  func kinds(_ kind: AttentionEngine.Kind) throws {
    let model = try Self.model(Self.splits[2])
    let whole = try Self.logits(model, ranks: 1, threads: 2)
    let ranked = try Self.logits(model, ranks: 3, threads: 2, kind: kind)
    for (own, expected) in zip(ranked, whole) {
      #expect(largestDifference(own, expected) < 2e-5 * Double(expected.map(abs).max() ?? 0))
    }
  }

  @Test(
    "methods that look at one head at a time keep and pack the same on ranks",
    arguments: ["streamingllm sink=4 recent=20", "h2o heavy=12 recent=12", "snapkv budget=40", "kivi residual=32"])
  func methods(_ text: String) throws {
    let words = text.split(separator: " ").map(String.init)
    let given = words.dropFirst().map { $0.split(separator: "=") }
    let compressor = try Compressor.of(
      words[0], Dictionary(given.map { (String($0[0]), Int($0[1]) ?? 0) }) { first, _ in first })
    let model = try Self.model(Self.splits[3])
    let whole = try Self.logits(model, ranks: 1, threads: 2, compressor)
    let ranked = try Self.logits(model, ranks: 2, threads: 2, compressor)
    for (own, expected) in zip(ranked, whole) {
      #expect(largestDifference(own, expected) < 1e-4 * Double(expected.map(abs).max() ?? 0), "\(text)")
    }
  }

  @Test("each rank holds its share of the heads, the columns and the cache")
  func shares() throws {
    let model = try Self.model(Self.splits[3])
    let parts = try (0..<2).map { try model.rank($0, of: 2) }
    #expect(parts.map(\.configuration.kvHeads) == [2, 2])
    #expect(parts.reduce(0) { $0 + $1.configuration.feedForward } == model.configuration.feedForward)
    let trial = try EngineTrial(model)
    let engine = trial.engine()
    try engine.use(AttentionEngine(.fused, ranks: 2), for: .none)
    let cache = try engine.pass.makeCache(.none)
    _ = try engine.fill(cache, with: TinyModel().text(33), nil)
    #expect(cache.shards.count == 1)
    #expect(cache.bytes.payload == 33 * model.cacheShape.layers * model.cacheShape.tokenBytes)
    #expect(cache.shards[0].bytes.payload * 2 == cache.bytes.payload)
  }

  @Test("two sums a layer are exchanged, each of the rows' hidden states, and the work of a rank is told")
  func exchanged() throws {
    let model = try Self.model(Self.splits[0])
    let engine = try EngineTrial(model).engine()
    let run = try engine.time(.prefill(tokens: 50, batch: 1), attention: AttentionEngine(.fused, ranks: 2))
    let use = try #require(run.ranks)
    #expect(use.reducedBytes == 2 * model.configuration.layers * 50 * model.configuration.hidden * 4)
    #expect(use.busySeconds > 0 && use.totalSeconds >= use.busySeconds)
    #expect(try engine.time(.prefill(tokens: 50, batch: 1)).ranks == nil)
  }

  @Test("heads that do not divide are refused with K682: 3 KV heads leave 1 and 3", arguments: [2, 4, 6])
  func refused(_ ranks: Int) throws {
    let model = try TinyModel(kvHeads: 3).model()
    let problem = #expect(throws: RuntimeProblem.self) { try model.check(ranks: ranks) }
    #expect(problem?.code == "K682")
    #expect(problem?.expected == "tp=1, 3")
    try model.check(ranks: 3)
  }

  @Test(
    "methods that look across heads are refused with K680 on ranks",
    arguments: [
      "adakv", "tova", "minicache", "lazyllm", "gemfilter", "gear", "cam",
    ])
  func acrossHeads(_ name: String) throws {
    let problem = #expect(throws: RuntimeProblem.self) {
      try AttentionEngine(.fused, ranks: 2).check(Compressor(name))
    }
    #expect(problem?.code == "K680")
  }

  @Test("a rank whose numbers are not finite ends all of them, and the next run is sound")
  func failure() throws {
    var tiny = TinyModel(kvHeads: 2, groupHeads: 2)
    // The last row of the second layer's keys: rank 1's alone.
    tiny.faults = [("blk.1.attn_k.weight", 2 * 32 * 64 - 1, .nan)]
    let engine = try EngineTrial(tiny.model()).engine()
    for _ in 0..<3 {
      let problem = #expect(throws: RuntimeProblem.self) {
        try engine.time(.prefill(tokens: 20, batch: 1), attention: AttentionEngine(.fused, ranks: 2))
      }
      #expect(problem?.code == "K602")
    }
  }

  @Test("a slice of a matrix multiplies as the matrix does", arguments: [false, true])
  func slices(_ isQuantised: Bool) throws {
    let model = try TinyModel(hidden: 64, isQuantised: isQuantised).model(isQuantised ? .mixed : .f32)
    let matrix = model.layers[0].gate.matrix
    var row = [Float](repeating: 0, count: 64)
    var part = [Float](repeating: 0, count: 32)
    let slice = try #require(matrix.slice(outputs: 32..<80, inputs: 32..<64))
    #expect(slice.outputs == 48 && slice.inputs == 32)
    for output in 0..<48 {
      matrix.copyRow(32 + output, into: &row)
      slice.copyRow(output, into: &part)
      #expect(part == Array(row[32..<64]))
    }
    #expect(matrix.slice(outputs: 8..<24, inputs: 0..<64) == nil)
    #expect(matrix.slice(outputs: 0..<16, inputs: 8..<64) == nil)
    #expect(matrix.slice(outputs: 0..<16, inputs: 0..<128) == nil)
  }
}
