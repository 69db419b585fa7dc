import Testing

@testable import Runtime

/// QuaRot's card, and what it goes together with.
struct QuarotTests {
  @Test("defaults are 4 bits asymmetric with a scale a head, clipped by 0.95, the prompt exact")
  func defaults() throws {
    let codec = try #require(try Compressor("quarot").slots.codec as? RotatedCodec)
    #expect(
      codec.settings
        == RotatedSettings(
          keyBits: 4, valueBits: 4, group: nil, clip: 0.95, symmetric: false, rotates: true, quantisesPrompt: false))
    let paper = try #require(try Compressor("quarot/paper", ["v_bits": .int(3)]).slots.codec as? RotatedCodec)
    #expect(paper.settings.quantisesPrompt && paper.settings.valueBits == 3)
  }

  @Test("a head dimension that lanes do not divide, and a group that straddles heads, are refused")
  func shapes() throws {
    let narrow = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 48)
    #expect(
      throws: RuntimeProblem(
        "K305", seen: "the model's head dimension is 48", expected: "a multiple of 32 for this method")
    ) { try Compressor("quarot").check(shape: narrow) }
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 96)
    try Compressor("quarot").check(shape: shape)
    #expect { try Compressor("quarot", ["group": .int(64)]).check(shape: shape) } throws: {
      ($0 as? RuntimeProblem)?.code == "K305"
    }
  }

  @Test(
    "tokens leave packed caches one by one: what heavy hitters and sinks keep is what they keep of the exact cache",
    arguments: ["h2o", "streamingllm"], [false, true])
  func eviction(_ name: String, _ quantisesPrompt: Bool) throws {
    let keep = try Compressor(name, ["budget": .int(24)])
    let codec = try Compressor("quarot", ["bits": .int(8), "clip": .float(1), "prefill_quant": .bool(quantisesPrompt)])
    let both = try keep.composed(with: codec)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let text = LosslessTests.tiny.text(80)
    let pass = trial.pass()
    func run(_ compressor: Compressor) throws -> (cache: SequenceCache, logits: [[Float]]) {
      let (cache, first) = try trial.prefill(Array(text[..<50]), compressor, on: pass)
      var logits = [first]
      for token in text[50...] {
        try pass.run([.step(token, of: cache)])
        logits.append(trial.row(0, of: pass))
      }
      return (cache, logits)
    }
    let found = try run(both)
    let exact = try run(keep)
    for layer in found.cache.layers {
      for head in 0..<2 {
        #expect(layer.store.count(head: head) == 24)
        #expect(layer.positions(head: head).count == 24)
      }
    }
    #expect(found.logits.allSatisfy { $0.allSatisfy(\.isFinite) })
    let layerBytes = 24 * 2 * (2 * 32 + 2 * 4)
    #expect(found.cache.bytes.counted - found.cache.bytes.metadata == 2 * layerBytes)
    // 8-bit codes are near the exact cache; where eviction follows positions alone the logits stay near too.
    if name == "streamingllm" {
      for (a, b) in zip(found.logits, exact.logits) { #expect(largestDifference(a, b) < 0.5) }
      for layer in 0..<found.cache.layers.count {
        #expect(found.cache.positions(layer: layer, head: 0) == exact.cache.positions(layer: layer, head: 0))
      }
    }
  }
}
