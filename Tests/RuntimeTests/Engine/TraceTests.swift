import Foundation
import Testing

@testable import Runtime

private struct TracedRow: Decodable {
  var id: Int
  var ids: [Int32]
}

extension RealModelTests {
  /// A trace holds what the forward pass computed.
  @Suite struct TraceTests {
    static let math = TensorMath(kernels: InstructionSet.available[0], pool: nil)

    @Test(
      "queries, keys, values and attention's outputs are those of transformers within 1e-3",
      .enabled(if: GoldenFolder.has("kv.jsonl")), arguments: [0, 14, 29])
    func golden(layer: Int) throws {
      let engine = try EngineTrial(SharedModel.get(.f32)).engine()
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
      for row in try GoldenFolder.rows(TracedRow.self, GoldenFolder.url.appendingPathComponent("kv.jsonl")) {
        let trace = try engine.trace(row.ids, layer: layer, math: Self.math)
        let name = "\(row.id).\(layer)"
        func error(_ found: Tensor, _ key: String, turned: Bool) throws -> Double {
          let expected = try file.float32("\(name).\(key)")
          return GoldenCacheTests.relativeError(
            found.numbers, turned ? GoldenCacheTests.adjacent(expected) : expected)
        }
        #expect(try error(trace.queries, "q", turned: true) < 1e-3)
        #expect(try error(trace.keys, "k", turned: true) < 1e-3)
        #expect(try error(trace.values, "v", turned: false) < 1e-3)
        if layer == 14 { #expect(try error(trace.unrotatedKeys, "k_pre_rope", turned: true) < 1e-3) }
        let last = try Self.math.part(trace.outputs, [.slice(low: nil, high: nil), .place(-1)])
        #expect(try error(last, "attn_out_last", turned: false) < 1e-3)
      }
    }

    @Test("scores, weights and outputs are attention of the traced queries, keys and values")
    func consistent() throws {
      let trial = try EngineTrial(SharedModel.get(.f32))
      let ids: [Int32] = (0..<50).map { 300 + 37 * $0 }
      let trace = try trial.engine().trace(ids, layer: 7, math: Self.math)
      let expected = try Self.math.attention(trace.queries, trace.keys, trace.values, causal: true)
      func isNear(_ a: Tensor, _ b: Tensor) -> Bool {
        a.shape == b.shape
          && zip(a.numbers, b.numbers).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-3 * (1 + abs($1)) }
      }
      #expect(isNear(trace.scores, expected.scores))
      #expect(isNear(trace.weights, expected.weights))
      #expect(isNear(trace.outputs, expected.output))
      #expect(trace.hidden.sizes == [31, 50, 576])
      // The last layer's stream gives the logits of the pass.
      let pass = trial.pass()
      let (_, logits) = try trial.prefill(ids, on: pass)
      let again = try trial.engine().trace(ids, layer: 29, math: Self.math)
      #expect(again.hidden == trace.hidden)
      #expect(logits.allSatisfy { $0.isFinite })
    }

    @Test("a trace leaves nothing behind, and refuses what there is not")
    func bounds() throws {
      let trial = try EngineTrial(SharedModel.get(.mixed))
      let engine = trial.engine()
      let ids: [Int32] = [1, 2, 3, 4, 5]
      let first = try engine.likeliest(after: ids, count: 5).map(\.logProbability)
      _ = try engine.trace(ids, layer: 3, math: Self.math)
      #expect(try engine.likeliest(after: ids, count: 5).map(\.logProbability) == first)
      #expect(throws: RuntimeProblem.self) { try engine.trace([], layer: 0, math: Self.math) }
      #expect(throws: RuntimeProblem.self) { try engine.trace(ids, layer: 30, math: Self.math) }
    }
  }
}
