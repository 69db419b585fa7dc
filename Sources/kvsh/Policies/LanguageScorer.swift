import Lang
import Runtime

/// A policy of the language as a scorer of the runtime.
struct LanguageScorer: LayerScorer {
  let definition: PolicyDefinition
  let parameters: [String: Value]
  let statistics: Set<LayerStatistic>
  let math: TensorMath

  var remembers: Bool { !definition.states.isEmpty }

  func makeState(shape: CacheShape, layer: Int) -> any LayerScorerState { LanguageScorerState(self, layer: layer) }
}

/// A policy at work on one layer of one sequence.
final class LanguageScorerState: LayerScorerState {
  private let scorer: LanguageScorer
  private let layer: Int
  private let run: PolicyRun

  init(_ scorer: LanguageScorer, layer: Int) {
    self.scorer = scorer
    self.layer = layer
    run = scorer.definition.run(scorer.parameters)
  }

  private var name: String { scorer.definition.outline.name }

  /// - Throws: a `Problem` with its place in the policy's text, `CancellationError`.
  func scores(_ seen: ScoredLayer) throws -> [[Float]] {
    do {
      var inputs: [String: Value] = [:]
      for input in scorer.definition.inputs { inputs[input] = try PolicyInputs.value(input, seen, scorer.math) }
      try lengthen(to: seen)
      return try rows(try run.score(inputs), seen)
    } catch is CancellationProblem {
      throw CancellationError()
    } catch let problem as RuntimeProblem {
      throw Problem(problem, at: scorer.definition.outline.span)
    }
  }

  /// One row of finite numbers a head; a single row serves all heads.
  private func rows(_ score: Value, _ seen: ScoredLayer) throws -> [[Float]] {
    let (heads, slots) = (seen.shape.kvHeads, seen.slots)
    let span = scorer.definition.outline.span
    guard let tensor = score.tensor, tensor.sizes == [heads, slots] || tensor.sizes == [slots] else {
      let shape = score.tensor.map { "a tensor of shape \($0.shape)" } ?? "a \(score.type.name)"
      throw Problem(
        "K711", seen: "the score of policy `\(name)` in layer \(layer) is \(shape)",
        expected: "[kv_heads, tokens], here [\(heads), \(slots)], or [tokens] for all heads alike",
        labels: [.init(span)])
    }
    let numbers = tensor.numbers
    return try (0..<heads).map { head in
      let row = tensor.shape.dimensions == 1 ? numbers : Array(numbers[head * slots..<(head + 1) * slots])
      if let slot = row.firstIndex(where: { !$0.isFinite }) {
        throw Problem(
          "K712",
          seen: "the score of policy `\(name)` in layer \(layer), KV head \(head), is \(row[slot]) for token \(slot)",
          expected: "finite numbers", labels: [.init(span)])
      }
      return row
    }
  }

  // MARK: States

  /// Whether a state has a number for every token of every head: it then follows the tokens.
  private func follows(_ state: Value, heads: Int, slots: Int) -> Tensor? {
    guard let tensor = state.tensor, tensor.sizes == [heads, slots] else { return nil }
    return tensor
  }

  private var heldSlots = 0

  /// Tokens that have come begin at 0.
  private func lengthen(to seen: ScoredLayer) throws {
    defer { heldSlots = seen.slots }
    guard let states = run.states, seen.slots > heldSlots else { return }
    for (name, state) in states {
      guard let tensor = follows(state, heads: seen.shape.kvHeads, slots: heldSlots) else { continue }
      let zeros = try scorer.math.full([seen.shape.kvHeads, seen.slots - heldSlots], 0)
      run.states?[name] = .object(
        TensorValue(try scorer.math.concatenate([tensor, zeros], axis: 1), scorer.math))
    }
  }

  func follow(_ slots: [[Int]]) {
    guard let states = run.states, let left = slots.first?.count else { return }
    for (name, state) in states {
      guard let tensor = follows(state, heads: slots.count, slots: heldSlots) else { continue }
      let numbers = tensor.numbers
      let moved = slots.enumerated().flatMap { head, places in places.map { numbers[head * heldSlots + $0] } }
      // Heads keep as many tokens each, so the rows stay equally long.
      guard let tensor = try? Tensor([slots.count, left], moved) else { continue }
      run.states?[name] = .object(TensorValue(tensor, scorer.math))
    }
    heldSlots = left
  }
}
