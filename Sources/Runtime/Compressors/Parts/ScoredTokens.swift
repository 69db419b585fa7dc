/// Keeps the tokens with the highest scores: any scorer, with its budget over layers and heads and its schedule.
struct ScoredTokens: KeepPolicy {
  /// Names the method in problems.
  let method: String
  let scorer: any TokenScorer
  let budget: Budget
  /// Tokens protected beside those the scorer does not rank.
  var protection = Protection()
  var overLayers = LayerBudgets.uniform
  var overHeads = HeadBudgets.uniform
  var schedule = EvictionSchedule.promptEnd
  /// Whether heads keep one set, by the mean of their scores.
  var sharesSlots = false
  /// Layers whose budget is the same for all heads, whatever `overHeads` says: the first so many.
  var uniformLayers = 0
  /// Layers that keep everything.
  var skippedLayers: Set<Int> = []
  /// Caches of fewer tokens are left alone.
  var leastTokens = 0

  var needs: AttentionNeeds {
    schedule == .promptEnd ? scorer.needs : scorer.needs.union(scorer.stepNeeds ?? AttentionNeeds())
  }
  var removesWhileDecoding: Bool { schedule != .promptEnd }
  var guarded: Protection { protection.union(scorer.protection) }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState {
    ScoredTokensState(policy: self, shape: shape, layer: layer)
  }

  /// Tokens that a head of a layer keeps, in the mean over its heads.
  func tokens(prompt: Int, layer: Int, shape: CacheShape) -> Int {
    let tokens = budget.tokens(prompt: prompt, shape: shape, metadataBytes: metadataBytesPerToken(shape))
    let share: Double? = if case .share(let share) = budget { share * Double(prompt) } else { nil }
    return overLayers.tokens(
      budget: tokens, exact: share, window: guarded.recent, prompt: prompt, layer: layer, layers: shape.layers)
  }

  /// Positions: one table a head, or one for all.
  private func metadataBytesPerToken(_ shape: CacheShape) -> Int { sharesSlots ? 4 : 4 * shape.kvHeads }

  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let kept = (0..<shape.layers).map { layer in
      guard !skippedLayers.contains(layer), prompt >= leastTokens || removesWhileDecoding else { return tokens }
      let budget = max(self.tokens(prompt: prompt, layer: layer, shape: shape), guarded.sink + guarded.recent)
      switch schedule {
      case .promptEnd: return min(tokens, min(prompt, budget) + tokens - prompt)
      case .everySteps(let steps): return min(tokens, max(budget, leastTokens) + steps)
      }
    }
    return (kept.reduce(0, +) + shape.layers - 1) / max(1, shape.layers)
  }
}

/// What `ScoredTokens` remembers of one layer of one sequence.
private final class ScoredTokensState: KeepState {
  let policy: ScoredTokens
  let shape: CacheShape
  let layer: Int
  let heads: [HeadState]
  private var budget: Int?
  private var promptTokens = 0

  init(policy: ScoredTokens, shape: CacheShape, layer: Int) {
    self.policy = policy
    self.shape = shape
    self.layer = layer
    heads = (0..<shape.kvHeads).map { _ in HeadState() }
  }

  /// One KV head's own part, touched by one thread at a time.
  final class HeadState {
    /// Scores [slots] of the prompt between scoring and the choice.
    var scores: [Float] = []
    /// Weights [slots] of the last decode step.
    var weights: [Float] = []
    /// Slots that still have to leave after this step, the last of the array first; descending by slot.
    var leaving: [Int] = []
  }

  private func isUntouched(_ tokens: Int) -> Bool {
    policy.skippedLayers.contains(layer) || tokens < policy.leastTokens
  }

  func scorePrompt(_ view: HeadView) throws {
    let head = heads[view.head]
    let tokens = policy.tokens(prompt: view.seenTokens, layer: layer, shape: shape)
    // Where heads share a budget, one that is within it may still lose tokens to another.
    guard !isUntouched(view.count), view.count > tokens || policy.overHeads != .uniform else {
      head.scores = []
      return
    }
    head.scores = try finite(scores(view) { policy.scorer.promptScores(view, head: $0) }, view)
  }

  /// A table's scores: the head's, or the mean over the heads that share it.
  private func scores(_ view: HeadView, _ score: (_ head: Int) -> [Float]) -> [Float] {
    var sum = score(view.heads.lowerBound)
    guard view.heads.count > 1 else { return sum }
    for head in view.heads.dropFirst() {
      for (slot, value) in score(head).enumerated() where slot < sum.count { sum[slot] += value }
    }
    for slot in sum.indices { sum[slot] /= Float(view.heads.count) }
    return sum
  }

  private func finite(_ scores: [Float], _ view: HeadView) throws -> [Float] {
    if let slot = scores.firstIndex(where: { !$0.isFinite }) {
      throw RuntimeProblem(
        "K602",
        seen: "layer \(layer), KV head \(view.head): \(policy.method)'s score of token \(view.positions[slot]) is "
          + "\(scores[slot])",
        expected: "finite scores", suggestion: "try precision=f32; if it stays, the model file is damaged")
    }
    return scores
  }

  func slotsAfterPrefill(_ views: [HeadView]) -> [[Int]?] {
    guard let first = views.first else { return [] }
    let tokens = policy.tokens(prompt: first.seenTokens, layer: layer, shape: shape)
    budget = tokens
    promptTokens = first.seenTokens
    guard !isUntouched(first.count), views.contains(where: { $0.count > tokens }) else { return views.map { _ in nil } }
    let candidates = views.map { view in
      let scores = heads[view.head].scores
      return scores.isEmpty ? [] : ranked(view, scores)
    }
    let counts = (layer < policy.uniformLayers ? .uniform : policy.overHeads).counts(
      zip(views, candidates).map { view, slots in slots.map { heads[view.head].scores[$0] } }, budget: tokens,
      protected: zip(views, candidates).map { $0.count - $1.count })
    defer { for head in heads { head.scores = [] } }
    return zip(views, zip(candidates, counts)).map { view, choice in
      let (slots, count) = choice
      guard count < slots.count else { return nil }
      var stays = [Bool](repeating: true, count: view.count)
      for slot in slots.dropFirst(count) { stays[slot] = false }
      return stays.indices.filter { stays[$0] }
    }
  }

  /// The slots that may leave, best score first; ties by position.
  private func ranked(_ view: HeadView, _ scores: [Float]) -> [Int] {
    let (guarded, positions) = (policy.guarded, view.positions)
    return positions.indices.filter { !guarded.covers(positions[$0], seenTokens: view.seenTokens) }
      .sorted { a, b in
        scores[a] != scores[b] ? scores[a] > scores[b] : positions[a] < positions[b]
      }
  }

  /// The last of the ranked slots, which alone leaves in most steps; nil if none may.
  private func worst(_ view: HeadView, _ scores: [Float]) -> Int? {
    let guarded = policy.guarded
    return view.withPositions { positions in
      var worst: Int?
      for slot in positions.indices where !guarded.covers(positions[slot], seenTokens: view.seenTokens) {
        if let found = worst {
          let isBetter =
            scores[slot] != scores[found]
            ? scores[slot] > scores[found] : positions[slot] < positions[found]
          if isBetter { continue }
        }
        worst = slot
      }
      return worst
    }
  }

  func ranking(_ view: HeadView) -> TokenRanking? {
    let guarded = policy.guarded
    return TokenRanking(scores: heads[view.head].scores, sink: guarded.sink, recent: guarded.recent)
  }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    let state = heads[head]
    state.weights.removeAll(keepingCapacity: true)
    state.weights.append(contentsOf: UnsafeBufferPointer(start: weights, count: count))
  }

  func slotToDrop(head: Int, _ view: HeadView) throws -> Int? {
    let state = heads[view.head]
    if let slot = state.leaving.popLast() { return slot }
    guard case .everySteps(let steps) = policy.schedule else { return nil }
    // A prompt that streamed from its first token has had no end yet to take the budget from.
    let tokens = budget ?? policy.tokens(prompt: view.seenTokens, layer: layer, shape: shape)
    guard !isUntouched(view.count), view.count > tokens, (view.seenTokens - promptTokens) % steps == 0 else {
      return nil
    }
    let scores = try finite(
      self.scores(view) { policy.scorer.stepScores(view, head: $0, weights: heads[$0].weights) }, view)
    if view.count == tokens + 1 { return worst(view, scores) }
    // Popped from the end, so the highest slot goes first and none below it moves.
    state.leaving = ranked(view, scores).suffix(view.count - tokens).sorted()
    return state.leaving.popLast()
  }
}
