/// Keeps the tokens that attention has weighed most, per head, and the newest ones (sheet h2o).
struct HeavyHitters: KeepPolicy {
  let budget: HeavyBudget
  let removesWhileDecoding: Bool
  let columnSums: AttentionNeeds.ColumnSums

  var needs: AttentionNeeds { AttentionNeeds(columnSums: columnSums, stepWeights: removesWhileDecoding) }
  var sharesSlots: Bool { false }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState { State(policy: self, shape: shape) }

  private final class State: KeepState {
    let policy: HeavyHitters
    let shape: CacheShape
    let heads: HeldObjects<HeadScores>

    init(policy: HeavyHitters, shape: CacheShape) {
      self.policy = policy
      self.shape = shape
      heads = HeldObjects((0..<shape.kvHeads).map { _ in HeadScores() })
    }

    func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? {
      let state = heads.objects[head]
      state.resolve(policy, tokens: view.seenTokens, shape: shape)
      view.columnSums.withUnsafeBufferPointer { state.add($0) }
      let positions = view.positions
      let count = positions.count
      guard count > state.heavy + state.recent else { return nil }
      let oldest = Int32(truncatingIfNeeded: view.seenTokens - state.recent)
      let candidates = (0..<count).filter { positions[$0] < oldest }
      let ranked = candidates.sorted { a, b in
        state.scores[a] != state.scores[b]
          ? state.scores[a] > state.scores[b] : positions[a] < positions[b]
      }
      let kept = (ranked.prefix(state.heavy) + (0..<count).filter { positions[$0] >= oldest }).sorted()
      state.scores = kept.map { state.scores[$0] }
      if !policy.removesWhileDecoding { state.scores = [] }
      return kept
    }

    func copy(_ other: any KeepState) -> Bool {
      guard let other = other as? State else { return false }
      for (own, theirs) in zip(heads.objects, other.heads.objects) { own.copy(theirs) }
      return true
    }

    func ranking(_ view: HeadView) -> TokenRanking? {
      let state = heads.objects[view.head]
      state.resolve(policy, tokens: view.seenTokens, shape: shape)
      // At the prompt's end its sums have not been added yet; after a step there are none.
      let sums = view.columnSums
      let scores = (0..<view.count).map { slot in
        (slot < state.scores.count ? state.scores[slot] : 0) + (slot < sums.count ? sums[slot] : 0)
      }
      return TokenRanking(scores: scores, recent: state.recent)
    }

    func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
      heads[head].with { $0.add(UnsafeBufferPointer(start: weights, count: count)) }
    }

    func slotToDrop(head: Int, _ view: HeadView) -> Int? {
      heads[head].with { state in
        state.resolve(policy, tokens: view.seenTokens, shape: shape)
        guard view.count > state.heavy + state.recent else { return nil }
        let oldest = Int32(truncatingIfNeeded: view.seenTokens - state.recent)
        guard let slot = view.withPositions({ state.least($0, olderThan: oldest) }) else { return nil }
        state.scores.swapAt(slot, state.scores.count - 1)
        state.scores.removeLast()
        return slot
      }
    }

    var metadataBytes: Int { heads.sum { $0.scores.count } * MemoryLayout<Float>.size }
  }

  /// Accumulated attention of one head, slot by slot.
  private final class HeadScores {
    var scores: [Float] = []
    var heavy = 0
    var recent = 0
    private var promptTokens: Int?

    /// Says how many tokens stay; what is first asked for is the prompt.
    func resolve(_ policy: HeavyHitters, tokens: Int, shape: CacheShape) {
      let prompt = promptTokens ?? tokens
      promptTokens = prompt
      (heavy, recent) = policy.budget.counts(prompt: prompt, tokens: tokens, shape: shape)
    }

    func copy(_ other: HeadScores) {
      scores = other.scores
      (heavy, recent, promptTokens) = (other.heavy, other.recent, other.promptTokens)
    }

    /// Adds weights slot by slot; slots beyond the known ones are new.
    func add(_ weights: UnsafeBufferPointer<Float>) {
      scores.withUnsafeMutableBufferPointer { scores in
        for slot in 0..<min(scores.count, weights.count) { scores[slot] += weights[slot] }
      }
      if weights.count > scores.count { scores += weights[scores.count...] }
    }

    /// The slot of the least score among those whose positions are older; of equals the newest.
    func least(_ positions: UnsafeBufferPointer<Int32>, olderThan newest: Int32) -> Int? {
      scores.withUnsafeBufferPointer { scores in
        var least: Int?
        for slot in positions.indices where positions[slot] < newest {
          if let found = least {
            if scores[slot] > scores[found] { continue }
            if scores[slot] == scores[found], positions[slot] < positions[found] { continue }
          }
          least = slot
        }
        return least
      }
    }
  }
}
