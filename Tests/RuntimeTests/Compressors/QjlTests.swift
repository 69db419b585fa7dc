import Testing

@testable import Runtime

/// QJL's card: defaults that follow the model, and what is refused.
struct QjlTests {
  static let shape = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)

  @Test("sizes follow the head dimension, larger in the first 15 of 32 layers")
  func sizes() throws {
    let codec = try #require(try Compressor("qjl").slots.codec as? SketchCodec)
    #expect(codec.settings == SketchSettings())
    for layer in 0..<30 {
      let size = codec.settings.size(layer: layer, shape: Self.shape)
      #expect(size.sketch == (layer < 14 ? 256 : 128) && size.outlierSketch == (layer < 14 ? 64 : 128))
    }
    let large = CacheShape(layers: 32, kvHeads: 8, groupHeads: 4, headDim: 128)
    // Those of the authors' code.
    let first = codec.settings.size(layer: 14, shape: large)
    let later = codec.settings.size(layer: 15, shape: large)
    #expect(first == (512, 128, true) && later == (256, 256, false))
  }

  @Test("sketches in 32s, residuals in groups, and no more projections of outliers than of keys")
  func refused() throws {
    func problem(_ given: [String: ParameterValue]) -> RuntimeProblem? {
      do {
        try Compressor("qjl", given).check(shape: Self.shape)
        return nil
      } catch { return error as? RuntimeProblem }
    }
    #expect(
      problem(["sketch": .int(100)])
        == RuntimeProblem("K304", seen: "qjl: sketch=100", expected: "a multiple of 32"))
    #expect(
      problem(["residual": .int(48)])
        == RuntimeProblem("K304", seen: "qjl: group=32 does not divide residual=48", expected: "a multiple of 32"))
    #expect(
      problem(["sketch_outlier": .int(256)])
        == RuntimeProblem(
          "K305", seen: "sketch_outlier=256 with 128 projections in layer 29",
          expected: "as many projections of outliers as of keys at most"))
    #expect(
      problem(["outlier_channels": .int(65)])
        == RuntimeProblem(
          "K305", seen: "outlier_channels=65 with a head dimension of 64", expected: "0 to 64 outlier channels"))
    #expect(problem(["outlier_channels": .int(64), "sketch_outlier": .int(128)]) == nil)
    #expect(problem(["outlier_channels": .int(0), "sketch_outlier": .int(256)]) == nil)
  }

  @Test("prompts shorter than the residual are attended exactly until it is full, bit for bit")
  func short() throws {
    let text = LosslessTests.tiny.text(150)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<1]), then: Array(text[1...]))
    let found = try trial.logits(Array(text[..<1]), then: Array(text[1...]), .of("qjl"))
    // Index i is the query of token i; the 128th token, index 127, is sketched before it is attended.
    for index in 0..<127 { expectBits([found[index]], [baseline[index]], "index \(index)") }
    expectBits([found[127]], [baseline[127]], areEqual: false)
    #expect(found.allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
