import Foundation
import Testing

@testable import Runtime

/// A row of logits.jsonl: what transformers gives in single precision (golden/README.md).
struct LogitsRow: Decodable, Sendable {
  struct Hidden: Decodable, Sendable {
    var normLast: Double
    var normMean: Double
    var lastFirst8: [Double]

    enum CodingKeys: String, CodingKey {
      case normLast = "norm_last"
      case normMean = "norm_mean"
      case lastFirst8 = "last_first8"
    }
  }

  var id: Int
  var ids: [Int32]
  var meanNll: Double
  var nllLast8: [Double]
  var topIds: [Int]
  var topLogprobs: [Double]
  var logitMax: Double
  var greedy: [Int32]
  var greedyGap: [Double]
  /// The embedding, after layers 1 to 29, after the final norm.
  var hidden: [Hidden]?

  enum CodingKeys: String, CodingKey {
    case id, ids, greedy, hidden
    case meanNll = "mean_nll"
    case nllLast8 = "nll_last8"
    case topIds = "top_ids"
    case topLogprobs = "top_logprobs"
    case logitMax = "logit_max"
    case greedyGap = "greedy_gap"
  }

  /// Greedy steps before the first near tie, which rounding may decide either way.
  var decidedSteps: Int { greedyGap.firstIndex { $0 < 0.01 } ?? greedyGap.count }
}

/// What the engine gives for a golden prompt.
struct LogitsTrial {
  /// -log p of each token but the first.
  let nll: [Double]
  let logits: [Float]
  /// Natural-log probabilities after the prompt.
  let logProbabilities: [Double]
  /// The residual stream [layers done][rows * hidden].
  let residuals: [[Float]]

  var meanNll: Double { nll.reduce(0, +) / Double(nll.count) }

  init(_ ids: [Int32], _ trial: EngineTrial, keepsResiduals: Bool = false) throws {
    let pass = trial.pass()
    let width = trial.model.configuration.hidden
    var residuals: [[Float]] = []
    if keepsResiduals {
      pass.observer = { _, rows, count in
        residuals.append(Array(UnsafeBufferPointer(start: rows, count: count * width)))
      }
    }
    try pass.run([.prompt(ids, of: pass.makeCache(.none), isLast: true)])
    let vocabulary = trial.model.configuration.vocabulary
    var nll: [Double] = []
    // In blocks: a row of logits is 200 kB.
    for start in stride(from: 0, to: ids.count - 1, by: 128) {
      let rows = Array(start..<min(start + 128, ids.count - 1))
      let logits = pass.logits(rows: rows)
      for (index, row) in rows.enumerated() {
        let line = UnsafeBufferPointer(start: logits + index * pass.logitStride, count: vocabulary)
        nll.append(Self.logSum(line) - Double(line[Int(ids[row + 1])]))
      }
    }
    logits = trial.row(ids.count - 1, of: pass)
    let total = logits.withUnsafeBufferPointer(Self.logSum)
    logProbabilities = logits.map { Double($0) - total }
    self.nll = nll
    self.residuals = residuals
  }

  private static func logSum(_ logits: UnsafeBufferPointer<Float>) -> Double {
    let maximum = logits.max() ?? 0
    var sum: Double = 0
    for logit in logits where logit > maximum - 30 { sum += Double(exp(logit - maximum)) }
    return Double(maximum) + log(sum)
  }
}
