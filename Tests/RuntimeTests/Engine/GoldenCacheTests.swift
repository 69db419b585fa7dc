import Foundation
import KernelABI
import Testing

@testable import Runtime

/// A row of kv.jsonl.
private struct CacheRow: Decodable {
  var id: Int
  var ids: [Int32]
}

extension RealModelTests {
  /// Keys, values, queries and attention outputs of three layers against transformers' (golden/README.md).
  @Suite(.enabled(if: GoldenFolder.has("kv.jsonl")))
  struct GoldenCacheTests {
    /// From the order of the reference, channel i paired with i + 32, to that of GGUF, 2i with 2i + 1.
    static func adjacent(_ rows: [Float], headDim: Int = 64) -> [Float] {
      var out = rows
      for row in stride(from: 0, to: rows.count, by: headDim) {
        for index in 0..<headDim / 2 {
          out[row + 2 * index] = rows[row + index]
          out[row + 2 * index + 1] = rows[row + index + headDim / 2]
        }
      }
      return out
    }

    /// Frobenius norm of the difference over that of the expected.
    static func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
      guard found.count == expected.count else { return .infinity }
      var difference = 0.0
      var size = 0.0
      for (x, y) in zip(found, expected) {
        difference += pow(Double(x) - Double(y), 2)
        size += pow(Double(y), 2)
      }
      return (difference / size).squareRoot()
    }

    /// Queries and keys of a layer before rotation, [heads][tokens * headDim], from the residual stream before it.
    static func projections(_ residual: [Float], layer: Int, _ trial: EngineTrial) -> (
      queries: [[Float]], keys: [[Float]]
    ) {
      let sizes = trial.model.configuration
      let weights = trial.model.layers[layer]
      let rows = residual.count / sizes.hidden
      var normed = Activations()
      normed.reserve(rows: rows, width: sizes.hidden)
      trial.set.table.normaliseRootMeanSquare(
        residual, weights.attentionNorm.base, sizes.normEpsilon, rows, sizes.hidden, normed.floats)
      func project(_ matrix: WeightMatrix) -> [[Float]] {
        let out = AlignedBuffer<Float>(count: rows * matrix.outputs)
        normed.placed.multiply(
          Product(matrix: matrix.placed, out: out.base, outStride: matrix.outputs), rows: rows, trial.set.table,
          trial.pool)
        return (0..<matrix.outputs / sizes.headDim).map { head in
          (0..<rows).flatMap { row in
            (0..<sizes.headDim).map { out.base[row * matrix.outputs + head * sizes.headDim + $0] }
          }
        }
      }
      return (project(weights.query.matrix), project(weights.key.matrix))
    }

    static func rotated(_ rows: [Float], _ trial: EngineTrial) -> [Float] {
      let headDim = trial.model.configuration.headDim
      var out = rows
      out.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        for row in 0..<buffer.count / headDim { trial.model.rotary.turn(base + row * headDim, by: row) }
      }
      return out
    }

    @Test("keys, values and queries of layers 0, 14 and 29 are within 1e-3, attention's outputs too")
    func tensors() throws {
      let trial = try EngineTrial(SharedModel.get(.f32))
      let rows = try GoldenFolder.rows(CacheRow.self, GoldenFolder.url.appendingPathComponent("kv.jsonl"))
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
      for row in rows {
        var residuals: [[Float]] = []
        let pass = trial.pass()
        let width = trial.model.configuration.hidden
        pass.observer = { residuals.append(Array(UnsafeBufferPointer(start: $1, count: $2 * width))) }
        let cache = try pass.makeCache(.none)
        try pass.run([.prompt(row.ids, of: cache, isLast: true)])
        for layer in [0, 14, 29] {
          let stored = (0..<3).map { cache.layers[layer].store.decoded(head: $0) }
          let name = "\(row.id).\(layer)"
          #expect(
            Self.relativeError(stored.flatMap(\.keys), Self.adjacent(try file.float32("\(name).k"))) < 1e-3, "\(name)")
          #expect(Self.relativeError(stored.flatMap(\.values), try file.float32("\(name).v")) < 1e-3, "\(name)")
          let (queries, keys) = Self.projections(residuals[layer], layer: layer, trial)
          let turned = queries.map { Self.rotated($0, trial) }
          #expect(
            Self.relativeError(turned.flatMap { $0 }, Self.adjacent(try file.float32("\(name).q"))) < 1e-3, "\(name)")
          if layer == 14 {
            #expect(
              Self.relativeError(keys.flatMap { $0 }, Self.adjacent(try file.float32("\(name).k_pre_rope"))) < 1e-3)
          }
          let out = try AttentionTrial.lastOutput(queries: turned, stored: stored, trial)
          #expect(Self.relativeError(out, try file.float32("\(name).attn_out_last")) < 1e-3, "\(name)")
        }
      }
    }

    @Test("GemFilter's scores are those of transformers' queries and keys", arguments: [0, 14, 29])
    func filterScores(_ layer: Int) throws {
      let trial = try EngineTrial(SharedModel.get(.f32))
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
      for row in try GoldenFolder.rows(CacheRow.self, GoldenFolder.url.appendingPathComponent("kv.jsonl")) {
        let tokens = row.ids.count
        let queries = try file.float32("\(row.id).\(layer).q")  // [9, tokens, 64]
        let keys = try file.float32("\(row.id).\(layer).k")  // [3, tokens, 64]
        let expected = (0..<tokens).map { token in
          (0..<9).reduce(Float(0)) { sum, head in
            let query = queries[(head * tokens + tokens - 1) * 64..<(head * tokens + tokens) * 64]
            let key = keys[(head / 3 * tokens + token) * 64..<(head / 3 * tokens + token + 1) * 64]
            return sum + zip(query, key).reduce(Float(0)) { $0 + $1.0 * $1.1 }
          }
        }
        let found = try PromptModel(trial.pass(), chunkTokens: 2_048, nil)
          .project(row.ids, layer: layer, EarlyLayerFilter.rawScores)
        // The reference's queries and keys are rounded to half precision.
        #expect(Self.relativeError(found, expected) < 2e-3, "\(row.id).\(layer)")
      }
    }

    @Test("the default precision stores the same keys and values to a few hundredths")
    func mixed() throws {
      let trial = try EngineTrial(SharedModel.get(.mixed))
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
      let rows = try GoldenFolder.rows(CacheRow.self, GoldenFolder.url.appendingPathComponent("kv.jsonl"))
      let row = try #require(rows.first)
      let pass = trial.pass()
      let (cache, _) = try trial.prefill(row.ids, on: pass)
      for layer in [0, 14, 29] {
        let stored = (0..<3).map { cache.layers[layer].store.decoded(head: $0) }
        let expected = Self.adjacent(try file.float32("\(row.id).\(layer).k"))
        #expect(Self.relativeError(stored.flatMap(\.keys), expected) < 0.05, "layer \(layer)")
      }
    }
  }
}
