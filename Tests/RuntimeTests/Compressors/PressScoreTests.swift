import Foundation
import KernelABI
import Testing

@testable import Runtime

/// A policy that keeps everything and notes what a scorer says.
struct NotedScores: KeepPolicy {
  final class Notes: @unchecked Sendable {
    // Safe to send: heads write under the lock, the test reads when the engine is done.
    private let lock = NSLock()
    private var scores: [String: [Float]] = [:]
    func note(_ name: String, _ values: [Float]) { lock.withLock { scores[name] = values } }
    func read(_ layer: Int, _ head: Int) -> [Float] { lock.withLock { scores["\(layer).\(head)"] ?? [] } }
  }

  let scorer: any TokenScorer
  let notes = Notes()
  var needs: AttentionNeeds { scorer.needs }
  var removesWhileDecoding: Bool { false }
  var sharesSlots: Bool { false }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState { State(policy: self, layer: layer) }

  private final class State: KeepState {
    let policy: NotedScores
    let layer: Int
    init(policy: NotedScores, layer: Int) {
      self.policy = policy
      self.layer = layer
    }
    func scorePrompt(_ view: HeadView) throws {
      policy.notes.note("\(layer).\(view.head)", policy.scorer.promptScores(view, head: view.head))
    }
  }
}

extension RealModelTests {
  /// Scores before any choice, against kvpress's (press_scores.safetensors, layers 0, 14 and 29), to 1e-4 relative.
  @Suite(.enabled(if: GoldenFolder.has("press_scores.safetensors")))
  struct PressScoreTests {
    struct Case: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let scorer: any TokenScorer
      /// What kvpress's scores are times ours.
      var factor: Float = 1
      /// First slots, and last ones, that kvpress gives a score that means "stays".
      var head = 0
      var tail = 0
      /// Whether ours are the logarithms of kvpress's.
      var isLogarithm = false
    }

    static let cases = [
      Case(
        testDescription: "snapkv", scorer: WindowVotes(window: 64, kernel: 5, pooling: .avg, gqa: .mean),
        factor: 1 / 64, tail: 64),
      Case(testDescription: "knorm", scorer: KeyNorm(order: .low)),
      Case(testDescription: "keydiff", scorer: KeyDistinctness()),
      Case(
        testDescription: "expected_attention",
        scorer: ExpectedAttentionScore(future: 512, sink: 4, covariance: true, valueNorm: true, epsilon: 0), head: 4,
        isLogarithm: true),
    ]

    @Test("scores of three layers are kvpress's", arguments: cases, [0, 1, 2])
    func scores(_ each: Case, _ prompt: Int) throws {
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("press_scores.safetensors").path)
      let policy = NotedScores(scorer: each.scorer)
      let trial = try EngineTrial(SharedModel.get(.f32))
      let ids = try PressGoldenTests.ids(prompt)
      _ = try trial.prefill(ids, Compressor(stages: [], slots: Slots(keep: policy)), on: trial.pass())
      for layer in [0, 14, 29] {
        let expected = try file.float32("\(prompt).\(each.testDescription).\(layer)")
        for head in 0..<3 {
          let found = policy.notes.read(layer, head)
          #expect(found.count == ids.count)
          let wanted = expected[head * ids.count..<(head + 1) * ids.count]
          var worst: Float = 0
          for (slot, value) in wanted.enumerated() where slot >= each.head && slot < ids.count - each.tail {
            // Below this kvpress's single precision has no four digits left.
            if each.isLogarithm, value < 1e-30 { continue }
            let score = each.isLogarithm ? exp(found[slot]) : found[slot]
            worst = max(worst, abs(score * each.factor - value) / max(abs(value), 1e-12))
          }
          #expect(worst < 1e-4, "layer \(layer), head \(head)")
        }
      }
    }

    @Test("tova's mean over all heads is kvpress's", arguments: [0, 1])
    func tova(_ prompt: Int) throws {
      let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("press_scores.safetensors").path)
      let policy = NotedScores(scorer: LastQuery(gqa: .mean))
      let trial = try EngineTrial(SharedModel.get(.f32))
      let ids = try PressGoldenTests.ids(prompt)
      _ = try trial.prefill(ids, Compressor(stages: [], slots: Slots(keep: policy)), on: trial.pass())
      for layer in [0, 14, 29] {
        let expected = try file.float32("\(prompt).tova.\(layer)")
        let heads = (0..<3).map { policy.notes.read(layer, $0) }
        var worst: Float = 0
        for slot in 0..<ids.count - 1 {
          let mean = (heads[0][slot] + heads[1][slot] + heads[2][slot]) / 3
          worst = max(worst, abs(mean - expected[slot]) / max(expected[slot], 1e-12))
        }
        #expect(worst < 1e-4, "layer \(layer)")
      }
    }
  }
}
