import KernelABI
import Testing

@testable import Runtime

/// Engines against double precision and against each other.
struct AttentionEngineTests {
  struct Engine: Sendable, CustomTestStringConvertible {
    let engine: AttentionEngine
    var testDescription: String { engine.label }

    init(_ kind: AttentionEngine.Kind, append: AttentionEngine.Append? = nil, tile: Int? = nil) {
      engine = (try? AttentionEngine(kind, append: append, tileTokens: tile)) ?? .fused
    }
  }

  static let engines = [
    Engine(.fused), Engine(.eager), Engine(.flash), Engine(.flash, append: .copy), Engine(.flash, tile: 16),
    Engine(.flash, tile: 256), Engine(.paged), Engine(.paged, tile: 64),
  ]

  private static func trial(
    _ engine: Engine, _ shape: AttentionTests.Shape, _ compressor: Compressor = .none, window: Int? = nil,
    threads: Int = 2, seed: Int
  ) throws -> AttentionTrial {
    try AttentionTrial(
      compressor, kvHeads: shape.kvHeads, groupHeads: shape.groupHeads, headDim: shape.headDim, element: shape.element,
      window: window, threads: threads, engine: engine.engine, seed: seed)
  }

  /// What a shape's outputs may differ by: eager casts its weights to the cache's element.
  private static func tolerance(_ engine: Engine, _ shape: AttentionTests.Shape) -> Double {
    engine.engine.kind == .eager && shape.element == .float16 ? 2e-3 : 1e-5
  }

  @Test(
    "prompts in chunks and steps equal double precision to 1e-5 on every engine", arguments: engines,
    AttentionTests.shapes)
  func exact(_ engine: Engine, _ shape: AttentionTests.Shape) throws {
    var trial = try Self.trial(engine, shape, seed: 41)
    let tolerance = Self.tolerance(engine, shape)
    for (index, chunk) in [1, 16, 47, 5, 64].enumerated() {
      #expect(try trial.prompt(chunk, isLast: index == 4) < tolerance, "chunk \(index)")
    }
    for step in 0..<5 { #expect(try trial.step().difference < tolerance, "step \(step)") }
    #expect(trial.holdsItsKeys())
  }

  @Test("caches of several parts equal double precision on every engine", arguments: engines)
  func parts(_ engine: Engine) throws {
    var trial = try Self.trial(engine, AttentionTests.shapes[2], seed: 42)
    let prompt = 2 * StepAttention.partTokens - 2
    try trial.append(trial.draw(prompt), prompt, isLast: true)
    for step in 0..<4 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
  }

  @Test("sliding windows hide the same tokens on every engine", arguments: engines, [1, 7, 40, 100])
  func windows(_ engine: Engine, _ window: Int) throws {
    var trial = try Self.trial(engine, AttentionTests.shapes[0], window: window, seed: 43)
    #expect(try trial.prompt(90, isLast: false) < 1e-5)
    #expect(try trial.prompt(30) < 1e-5)
    for step in 0..<3 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
  }

  @Test(
    "evicting and renumbered caches equal double precision on every engine", arguments: engines, ["keep", "renumber"])
  func evicting(_ engine: Engine, _ positions: String) throws {
    for compressor in [
      try Compressor.of("streamingllm", ["sink": 3, "recent": 20], words: ["pos": positions]),
      try Compressor.of("h2o", ["heavy": 13, "recent": 9], words: ["pos": positions]),
      try Compressor.of("h2o", ["heavy": 13, "recent": 9], words: ["pos": positions, "variant": "prefill"]),
    ] {
      var trial = try Self.trial(engine, AttentionTests.shapes[2], compressor, seed: 44)
      #expect(try trial.prompt(50) < 1e-5, "\(compressor.label)")
      for step in 0..<30 { #expect(try trial.step().difference < 2e-5, "\(compressor.label), step \(step)") }
      #expect(trial.holdsItsKeys(), "\(compressor.label)")
    }
  }

  /// Column sums of a prompt, head by head.
  private func columns(_ engine: Engine, variant: String, chunks: [Int]) throws -> [[Float]] {
    let compressor = try Compressor.of("h2o", ["heavy": 13, "recent": 9], words: ["variant": variant])
    var trial = try Self.trial(engine, AttentionTests.shapes[2], compressor, seed: 45)
    for chunk in chunks { try trial.append(trial.draw(chunk), chunk, isLast: false) }
    return (0..<trial.shape.kvHeads).map { trial.layer.table(head: $0)?.columnSums ?? [] }
  }

  @Test("column sums recomputed from log-sum-exp are those of eager's weights, and each query adds 1")
  func columnSums() throws {
    let written = try columns(Engine(.eager), variant: "decode", chunks: [150])
    for engine in Self.engines {
      let sums = try columns(engine, variant: "decode", chunks: [150])
      for (own, expected) in zip(sums, written) {
        #expect(own.count == 150)
        #expect(largestDifference(own, expected) < 1e-5 * 150, "\(engine.testDescription)")
        for (x, y) in zip(own, expected) { #expect(abs(x - y) <= 1e-5 * max(1, abs(y)), "\(engine.testDescription)") }
        #expect(abs(own.reduce(0) { $0 + Double($1) } - 150) < 1e-3, "\(engine.testDescription)")
      }
    }
  }

  @Test("a fully written prompt takes 4 bytes for each query head, row and key, whatever else is written")
  func scoreBytes() throws {
    var trial = try Self.trial(Engine(.eager), AttentionTests.shapes[1], seed: 46)
    trial.traffic.isCounting = true
    try trial.append(trial.draw(160), 160, isLast: true)
    #expect(
      trial.traffic.total.scoreBytes
        == EngineTraffic.foretoldScoreBytes(queryHeads: trial.shape.kvHeads * 3, rows: 160, tokens: 160))
    // The sheet's case: 9 heads, 4,096 tokens.
    #expect(EngineTraffic.foretoldScoreBytes(queryHeads: 9, rows: 4_096, tokens: 4_096) == 603_979_776)
    var flash = try Self.trial(Engine(.flash), AttentionTests.shapes[1], seed: 46)
    flash.traffic.isCounting = true
    try flash.append(flash.draw(160), 160, isLast: true)
    let few = flash.traffic.total.scoreBytes
    try flash.append(flash.draw(1_600), 1_600, isLast: true)
    #expect(flash.traffic.total.scoreBytes == few, "no row of scores grows with the text")
  }

  @Test("a step moves what the sheet's formula says, counted from the copies", arguments: engines)
  func traffic(_ engine: Engine) throws {
    for shape in AttentionTests.shapes {
      var trial = try Self.trial(engine, shape, seed: 47)
      let tokens = 639
      try trial.append(trial.draw(tokens), tokens, isLast: true)
      trial.traffic.reset()
      _ = trial.layer.store.takeMovedBytes()
      trial.traffic.isCounting = true
      let rows = trial.draw(1)
      try trial.stepOnly(rows)
      let cacheBytes = (tokens + 1) * trial.shape.tokenBytes
      let counted = trial.traffic.total.movedBytes
      let foretold = EngineTraffic.foretoldStepBytes(
        engine.engine, cacheBytes: cacheBytes, groupHeads: shape.groupHeads)
      // The formula takes the old cache and the new one for equal, and pads nothing: within one block of 16 tokens a copy.
      let slack = 4 * 16 * trial.shape.tokenBytes
      #expect(abs(counted - foretold) <= slack, "\(shape.testDescription): \(counted) against \(foretold)")
    }
  }

  @Test("settings that do not go together are refused with K681")
  func settings() throws {
    for settings: (AttentionEngine.Kind, AttentionEngine.Append?, Int?, Int) in [
      (.fused, .copy, nil, 1), (.eager, .inPlace, nil, 1), (.paged, .copy, nil, 1), (.fused, nil, 64, 1),
      (.eager, nil, 64, 1), (.flash, nil, 24, 1), (.flash, nil, 1_024, 1), (.paged, nil, 0, 1), (.fused, nil, nil, 0),
      (.fused, nil, nil, 65),
    ] {
      let problem = #expect(throws: RuntimeProblem.self) {
        try AttentionEngine(settings.0, append: settings.1, tileTokens: settings.2, ranks: settings.3)
      }
      #expect(problem?.code == "K681", "\(settings)")
    }
    #expect(try AttentionEngine(.flash, append: .copy, tileTokens: 32).label == "flash append=copy tile=32")
  }

  @Test("a method that an engine cannot serve is refused with K680, and never served by another")
  func methods() throws {
    for (engine, compressor) in [
      (Engine(.eager), try Compressor("quest")), (Engine(.paged), try Compressor("kivi")),
      (Engine(.paged), try Compressor("minicache")), (Engine(.flash, append: .copy), try Compressor("kivi")),
      (Engine(.flash, tile: 16), try Compressor("kivi")),
    ] {
      let problem = #expect(throws: RuntimeProblem.self) { try engine.engine.check(compressor) }
      #expect(problem?.code == "K680", "\(engine.testDescription) \(compressor.label)")
    }
  }
}
