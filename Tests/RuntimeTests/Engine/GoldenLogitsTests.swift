import Foundation
import Testing

@testable import Runtime

extension RealModelTests {
  /// The forward pass against transformers' numbers.
  struct GoldenLogitsTests {
    /// Tolerances of golden/README.md for single precision.
    static func checkSingle(_ row: LogitsRow, logits: [Float]?) throws {
      let trial = try EngineTrial(SharedModel.get(.f32))
      let found = try LogitsTrial(row.ids, trial, keepsResiduals: row.hidden != nil)
      #expect(abs(found.meanNll - row.meanNll) < 1e-4, "row \(row.id)")
      for (nll, expected) in zip(found.nll.suffix(8), row.nllLast8) {
        #expect(abs(nll - expected) < 1e-3, "row \(row.id)")
      }
      for (token, expected) in zip(row.topIds, row.topLogprobs) {
        #expect(abs(found.logProbabilities[token] - expected) < 1e-3, "row \(row.id), token \(token)")
      }
      #expect(abs(Double(found.logits.max() ?? 0) - row.logitMax) < 1e-3, "row \(row.id)")
      if let logits { #expect(largestDifference(found.logits, logits) < 0.02, "row \(row.id)") }
      if let hidden = row.hidden { try check(hidden, found, rows: row.ids.count, trial) }
    }

    static func check(_ hidden: [LogitsRow.Hidden], _ found: LogitsTrial, rows: Int, _ trial: EngineTrial) throws {
      let width = trial.model.configuration.hidden
      try #require(hidden.count == trial.model.configuration.layers + 1)
      try #require(found.residuals.count == hidden.count)
      for (index, expected) in hidden.enumerated() {
        var states = found.residuals[index].map(Double.init)
        if index == hidden.count - 1 {
          // The reference shows its last state after the final norm.
          for row in 0..<rows {
            let part = Array(states[row * width..<(row + 1) * width])
            let epsilon = Double(trial.model.configuration.normEpsilon)
            let inverse = 1 / (dot(part, part) / Double(width) + epsilon).squareRoot()
            for channel in 0..<width {
              states[row * width + channel] *= inverse * Double(trial.model.outputNorm.base[channel])
            }
          }
        }
        let norms = (0..<rows).map { row -> Double in
          let part = Array(states[row * width..<(row + 1) * width])
          return dot(part, part).squareRoot()
        }
        let mean = norms.reduce(0, +) / Double(rows)
        #expect(abs(norms[rows - 1] / expected.normLast - 1) < 1e-4, "after \(index) layers")
        #expect(abs(mean / expected.normMean - 1) < 1e-4, "after \(index) layers")
        for (channel, value) in expected.lastFirst8.enumerated() {
          #expect(abs(states[(rows - 1) * width + channel] - value) < 1e-3, "after \(index) layers, channel \(channel)")
        }
      }
    }

    static func checkGreedy(_ rows: [LogitsRow]) throws {
      let requests = rows.map {
        GenerationRequest(sample: "\($0.id)", prompt: $0.ids, maxTokens: $0.greedy.count, ignoresEnd: true)
      }
      let found = try EngineTrial(SharedModel.get(.f32)).generate(requests, batch: 12)
      for row in rows {
        let tokens = try #require(found["\(row.id)"]).tokens
        #expect(tokens.count == row.greedy.count)
        #expect(tokens.prefix(row.decidedSteps) == row.greedy.prefix(row.decidedSteps), "row \(row.id)")
      }
    }

    @Test("three golden prompts in single precision: loss, likeliest tokens, hidden states, greedy text")
    func fixture() throws {
      let rows = try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl"))
      #expect(rows.map(\.id) == [0, 3, 4])
      for row in rows { try Self.checkSingle(row, logits: nil) }
      #expect(rows.map(\.decidedSteps) == [64, 64, 64])
      try Self.checkGreedy(rows)
    }

    @Test("three golden prompts in the default precision: loss within 0.06, likeliest tokens within 0.6")
    func fixtureMixed() throws {
      for row in try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl")) {
        try Self.checkMixed(row)
      }
    }

    /// A gauge: llama.cpp, which rounds activations to bytes too, is 0.05 and 0.5 away (golden/README.md).
    static func checkMixed(_ row: LogitsRow) throws {
      let found = try LogitsTrial(row.ids, EngineTrial(SharedModel.get(.mixed)))
      #expect(abs(found.meanNll - row.meanNll) < 0.06, "row \(row.id): \(found.meanNll - row.meanNll)")
      for (token, expected) in zip(row.topIds, row.topLogprobs) {
        let difference = found.logProbabilities[token] - expected
        #expect(abs(difference) < 0.6, "row \(row.id), token \(token): \(difference)")
      }
    }

    @Test("golden prompts in single precision", .enabled(if: GoldenFolder.has("logits.jsonl")))
    func single() throws {
      let rows = try GoldenFolder.rows(LogitsRow.self, GoldenFolder.url.appendingPathComponent("logits.jsonl"))
      let tensors = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("logits.safetensors").path)
      #expect(rows.count >= 12)
      let part = GoldenFolder.part(rows)
      for row in part { try Self.checkSingle(row, logits: tensors.float32("logits.\(row.id)")) }
      try Self.checkGreedy(part)
    }

    @Test("every golden prompt in the default precision", .enabled(if: GoldenFolder.has("logits.jsonl")))
    func mixed() throws {
      let rows = try GoldenFolder.rows(LogitsRow.self, GoldenFolder.url.appendingPathComponent("logits.jsonl"))
      for row in rows { try Self.checkMixed(row) }
    }

    @Test("`likeliest` gives the golden top 20 in order")
    func likeliest() throws {
      let rows = try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl"))
      let engine = try EngineTrial(SharedModel.get(.f32)).engine()
      for row in rows {
        let found = try engine.likeliest(after: row.ids, count: 20)
        #expect(found.count == 20)
        for (place, expected) in zip(found, row.topLogprobs) { #expect(abs(place.logProbability - expected) < 1e-3) }
        #expect(Int(found[0].token) == row.topIds[0])
      }
    }
  }
}
