import Lang
import Runtime

/// Times one configuration beside the uncompressed cache at the lengths that a search asks for.
struct BreakEvenStudy {
  let compressor: Compressor
  let batch: Int
  let stage: String
  let steps: Int
  let plan: MeasuringPlan
  let engine: BatchEngine
  let workbench: Workbench

  /// - Parameter keepsRows: whether rows of others would be lost by a throw; too little memory for the first length then
  ///   leaves an outcome without points.
  /// - Throws: `RuntimeProblem` of the engine; too little memory ends the range instead, unless it is the first length.
  func run(_ search: BreakEvenSearch, keepsRows: Bool) throws -> BreakEvenOutcome {
    var points: [BreakEvenOutcome.Point] = []
    var end = BreakEvenOutcome.End.measured
    let result = try search.run { tokens -> SpeedVerdict? in
      do {
        guard let point = try measure(tokens, place: points.count, places: max(search.doubled.count, points.count + 1))
        else {
          end = .interrupted
          return nil
        }
        points.append(point)
        return point.verdict
      } catch let problem as RuntimeProblem where problem.code == "K607" && (keepsRows || !points.isEmpty) {
        end = .memory
        return nil
      }
    }
    return BreakEvenOutcome(
      label: compressor.label, stage: stage, batch: batch, threads: engine.threads,
      points: points.sorted { $0.tokens < $1.tokens }, result: result, end: end)
  }

  /// Nil if it was interrupted before it could be judged.
  private func measure(_ tokens: Int, place: Int, places: Int) throws -> BreakEvenOutcome.Point? {
    let question: SpeedQuestion =
      stage == "prefill"
      ? .prefill(tokens: tokens, batch: batch, style: .llamaBench)
      : .decode(depth: tokens, batch: batch, steps: steps)
    let arms = [Compressor.none, compressor].map { each in
      TimedArm(each.label) { try engine.timeRound(of: question, each, workbench.cancellation) }
    }
    let comparison = try plan.compare(
      question, arms, label: "breakeven \(tokens)", place: place, places: places, workbench.progress)
    guard comparison.end != .cancelled, let baseline = comparison.speeds[0], let own = comparison.speeds[1] else {
      return nil
    }
    return BreakEvenOutcome.Point(
      tokens: tokens, baselineRate: baseline.rate?.value, rate: own.rate?.value, speedup: comparison.speedup(1),
      noise: comparison.noise.share, verdict: comparison.verdict(1), rounds: own.runs.count)
  }
}
