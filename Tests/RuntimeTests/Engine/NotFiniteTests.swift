import Testing

@testable import Runtime

/// Numbers that are not finite are a problem that names its place.
struct NotFiniteTests {
  static func problem(_ tiny: TinyModel, _ precision: Model.Precision = .f32, _ compressor: Compressor = .none) throws
    -> RuntimeProblem?
  {
    let trial = try EngineTrial(tiny.model(precision))
    do {
      _ = try trial.generate([GenerationRequest(sample: "a", prompt: tiny.text(40), maxTokens: 4)], compressor)
      return nil
    } catch { return error as? RuntimeProblem }
  }

  static func expected(layer: Int, head: Int) -> RuntimeProblem {
    RuntimeProblem(
      "K602", seen: "layer \(layer), KV head \(head): a key or value is not a finite number",
      expected: "keys and values that the cache can hold",
      suggestion: "try precision=f32; if it stays, the model file is damaged")
  }

  /// A weight of head 1 of layer 1: row 32 of [64, 64].
  static func faulty(_ value: Float, tensor: String = "blk.1.attn_k.weight") -> TinyModel {
    TinyModel(kvHeads: 2, groupHeads: 2, headDim: 32, faults: [(tensor, 40 * 64 + 3, value)])
  }

  @Test("keys that are not numbers name layer and head", arguments: [Float.nan, .infinity], Model.Precision.allCases)
  func keys(_ value: Float, _ precision: Model.Precision) throws {
    #expect(try Self.problem(Self.faulty(value), precision) == Self.expected(layer: 1, head: 1))
  }

  @Test("queries that are not numbers too")
  func queries() throws {
    let expected = RuntimeProblem(
      "K602", seen: "layer 1, KV head 0: an attention score is not a finite number",
      expected: "finite keys and queries", suggestion: "try precision=f32; if it stays, the model file is damaged")
    #expect(try Self.problem(Self.faulty(.nan, tensor: "blk.1.attn_q.weight")) == expected)
  }

  @Test("every method stops with the same problem", arguments: PromiseTests.configurations.indices)
  func methods(_ index: Int) throws {
    #expect(
      try Self.problem(Self.faulty(.nan), .mixed, PromiseTests.compressor(index)) == Self.expected(layer: 1, head: 1))
  }

  @Test("keys too large for half precision are the problem in the default precision, and none in single")
  func overflow() throws {
    // One channel of the keys is about 1e6 times normal: its sums pass 65,504.
    let tiny = Self.faulty(3e6)
    #expect(try Self.problem(tiny, .mixed) == Self.expected(layer: 1, head: 1))
    #expect(try Self.problem(tiny, .f32) == nil)
  }

  @Test("a key too large for half precision is the problem whatever its score's sign", arguments: [false, true])
  func overflowOfOneKey(_ isStep: Bool) throws {
    for sign: Float in [1, -1] {
      var trial = try AttentionTrial(kvHeads: 2, groupHeads: 1, headDim: 32, element: .float16, seed: 91)
      try trial.append(trial.draw(20), 20, isLast: false)
      let rows = trial.draw(1)
      rows.keys.base[32 + 5] = 1e6 * sign
      rows.queries.base[32 + 5] = -1
      #expect(throws: Self.expected(layer: 0, head: 1)) {
        if isStep {
          var scratch = AttentionScratch()
          try trial.attention.attendStep(of: trial.layer, position: 20, rows.pointers, &scratch)
        } else {
          try trial.append(rows, 1, isLast: true)
        }
      }
    }
  }

  @Test("values that are not finite are the problem where they are stored, not a layer later")
  func values() throws {
    for layer in 0...1 {
      let tiny = Self.faulty(.nan, tensor: "blk.\(layer).attn_v.weight")
      #expect(try Self.problem(tiny) == Self.expected(layer: layer, head: 1))
    }
  }
}
