import KernelABI
import Testing

@testable import Runtime

/// Engines under a whole model.
struct EngineModelTests {
  private static func logits(
    _ engine: AttentionEngine, _ model: Model, _ compressor: Compressor = .none, prompt: Int = 70, chunk: Int = .max
  ) throws -> [[Float]] {
    let trial = try EngineTrial(model)
    let text = TinyModel().text(prompt + 12)
    let pass = trial.pass()
    pass.engine = engine
    let step = engine.chunksPrompts ? chunk : .max
    let (cache, first) = try trial.prefill(Array(text.prefix(prompt)), compressor, chunk: step, on: pass)
    var all = [first]
    for token in text.dropFirst(prompt) {
      try pass.run([.step(token, of: cache)])
      all.append(trial.row(pass.lastRows[0], of: pass))
    }
    return all
  }

  /// The largest difference relative to the largest number.
  private static func relative(_ a: [[Float]], _ b: [[Float]]) -> Double {
    zip(a, b).map { largestDifference($0, $1) / Double($1.map(abs).max() ?? 1) }.max() ?? .infinity
  }

  @Test(
    "logits in single precision agree to 1e-5 relative, whatever the engine", arguments: AttentionEngineTests.engines)
  func agree(_ engine: AttentionEngineTests.Engine) throws {
    let model = try TinyModel(kvHeads: 3, groupHeads: 3).model()
    #expect(try Self.relative(Self.logits(engine.engine, model), Self.logits(.fused, model)) < 1e-5)
  }

  @Test("where the prompt is cut does not change a bit of flash", arguments: [16, 48, 64])
  func chunks(_ chunk: Int) throws {
    let model = try TinyModel().model()
    for tile in [16, 64] {
      let flash = try AttentionEngine(.flash, tileTokens: tile)
      expectBits(try Self.logits(flash, model, chunk: chunk), try Self.logits(flash, model))
    }
  }

  @Test(
    "every method runs on eager and flash as on the fused engine, or is refused", arguments: Compressors.all.map(\.name)
  )
  func methods(_ name: String) throws {
    let model = try TinyModel().model()
    let compressor = try Compressor(name)
    let expected: [[Float]]
    do { expected = try Self.logits(.fused, model, compressor) } catch let problem as RuntimeProblem {
      // A default that the tiny model's heads cannot take.
      #expect(problem.code == "K305")
      return
    }
    for engine in [try AttentionEngine(.eager), try AttentionEngine(.flash)] {
      do {
        try engine.check(compressor)
      } catch let problem as RuntimeProblem {
        #expect(problem.code == "K680")
        continue
      }
      let own = try Self.logits(engine, model, compressor)
      // Packed products are sums of fixed-point numbers on one engine and of floats on the other.
      #expect(Self.relative(own, expected) < (compressor.slots.codec == nil ? 1e-4 : 2e-2), "\(engine.label)")
    }
  }

  @Test("a generation names the engine's refusal before anything runs")
  func refused() throws {
    let trial = try EngineTrial(TinyModel().model())
    let request = GenerationRequest(sample: "a", prompt: [1, 2, 3], maxTokens: 2)
    let problem = #expect(throws: RuntimeProblem.self) {
      try trial.engine().run([request], compressor: .of("kivi"), attention: AttentionEngine(.paged)) { _ in }
    }
    #expect(problem?.code == "K680")
  }

  @Test("a generation has the same text on every engine", arguments: AttentionEngineTests.engines)
  func generations(_ engine: AttentionEngineTests.Engine) throws {
    let trial = try EngineTrial(TinyModel().model())
    let requests = (0..<3).map {
      GenerationRequest(sample: "\($0)", prompt: TinyModel().text(30 + $0, seed: $0), maxTokens: 12)
    }
    func tokens(_ engine: AttentionEngine) throws -> [String: [Int32]] {
      var found: [String: [Int32]] = [:]
      try trial.engine().run(requests, batch: 3, attention: engine) { found[$0.sample] = $0.tokens }
      return found
    }
    #expect(try tokens(engine.engine) == tokens(.fused))
  }
}
