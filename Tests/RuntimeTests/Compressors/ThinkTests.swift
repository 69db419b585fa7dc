import Testing

@testable import Runtime

/// ThinK's card, and what it goes together with.
struct ThinkTests {
  @Test("its ratio is of channels, and no budget")
  func ratio() throws {
    let compressor = try Compressor("think", ["ratio": .float(0.5)])
    let codec = try #require(compressor.slots.codec as? ThinKeyCodec)
    #expect(codec.settings == ThinKeySettings(ratio: 0.5, window: 32, recent: 32))
    #expect(compressor.label == "think ratio=0.5")
    #expect(compressor.slots.needs.windowQueries == 32)
    #expect(throws: RuntimeProblem.self) { try Compressor("think", ["ratio": .float(1)]) }
  }

  static func logits(_ compressor: Compressor, prompt: Int = 90) throws -> [[Float]] {
    let text = LosslessTests.tiny.text(110)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    return try trial.logits(Array(text[..<prompt]), then: Array(text[prompt...]), compressor)
  }

  @Test("ratio 0, and prompts of no more than the recent tokens, are the baseline bit for bit")
  func lossless() throws {
    expectBits(try Self.logits(Compressor("think", ["ratio": .float(0)])), try Self.logits(.none))
    for prompt in [1, 32] {
      expectBits(try Self.logits(.of("think"), prompt: prompt), try Self.logits(.none, prompt: prompt))
    }
    expectBits(try Self.logits(.of("think")), try Self.logits(.none), areEqual: false)
  }

  @Test("after a method that drops tokens of the prompt it thins what is left")
  func composed() throws {
    let keep = try Compressor.of("h2o", ["heavy": 20, "recent": 40], words: ["variant": "prefill"])
    let both = try keep.composed(with: .of("think", ["recent": 8]))
    let found = try Self.logits(both)
    expectBits(found, try Self.logits(keep), areEqual: false)
    #expect(found.allSatisfy { $0.allSatisfy(\.isFinite) })
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let (cache, _) = try trial.prefill(LosslessTests.tiny.text(90), both, on: trial.pass())
    // 52 thin keys of 20 of 32 channels and 8 whole ones, 60 values.
    let keys = 52 * 20 + 8 * 32
    #expect(cache.bytes.payload == 2 * 2 * (keys + 60 * 32) * 2)
    #expect((try? Compressor.of("h2o").composed(with: .of("think"))) == nil)
  }
}
