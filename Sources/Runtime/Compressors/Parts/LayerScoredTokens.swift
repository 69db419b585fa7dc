import Foundation

/// Keeps the tokens with the highest scores of a layer scorer: at the end of the prompt, and then every so many steps.
public struct LayerScoredTokens: KeepPolicy {
  let scorer: any LayerScorer
  let budget: Budget
  /// First and newest tokens that no score touches.
  let sink: Int
  let recent: Int
  /// Decode steps after which the cache is cut back to the budget; 0 cuts the prompt only.
  let every: Int

  public init(scorer: any LayerScorer, budget: Budget, sink: Int, recent: Int, every: Int) {
    (self.scorer, self.budget, self.sink, self.recent, self.every) = (scorer, budget, sink, recent, every)
  }

  public var needs: AttentionNeeds {
    var needs = AttentionNeeds()
    for statistic in scorer.statistics {
      switch statistic {
      case .last: needs.windowQueries = max(needs.windowQueries, 1)
      case .sum: needs.columnSums = .causal
      case .window(let queries): needs.windowQueries = max(needs.windowQueries, queries)
      }
    }
    needs.stepWeights = every > 0 && scorer.statistics.contains { $0 == .last || $0 == .sum }
    return needs
  }

  public var removesWhileDecoding: Bool { every > 0 }
  public var sharesSlots: Bool { false }

  public func makeState(shape: CacheShape, layer: Int) -> any KeepState {
    LayerScoredState(policy: self, shape: shape, layer: layer)
  }

  func tokens(prompt: Int, shape: CacheShape) -> Int {
    max(sink + recent, budget.tokens(prompt: prompt, shape: shape, metadataBytes: 4 * shape.kvHeads))
  }

  public func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let kept = self.tokens(prompt: prompt, shape: shape)
    return every > 0 ? min(tokens, kept + every) : min(tokens, min(prompt, kept) + tokens - prompt)
  }
}

/// What `LayerScoredTokens` remembers of one layer of one sequence.
private final class LayerScoredState: KeepState {
  private let policy: LayerScoredTokens
  private let shape: CacheShape
  private let layer: Int
  private let scorer: any LayerScorerState
  /// Heads of a layer arrive on threads of their own; the last one scores for all.
  private let lock = NSLock()
  private var arrived: [Int: HeadView] = [:]
  private var scores: [[Float]] = []  // [kvHeads][slots]
  private var budget: Int?
  private var promptTokens = 0
  /// Attention sums [slots] and last weights [slots] of each head, kept only where the scorer names them.
  private var sums: [[Float]]
  private var last: [[Float]]
  /// Slots that have yet to leave each head after this step, the next one last.
  private var leaving: [[Int]]
  private var scoredTokens = 0

  init(policy: LayerScoredTokens, shape: CacheShape, layer: Int) {
    (self.policy, self.shape, self.layer) = (policy, shape, layer)
    scorer = policy.scorer.makeState(shape: shape, layer: layer)
    sums = Array(repeating: [], count: shape.kvHeads)
    last = sums
    leaving = Array(repeating: [], count: shape.kvHeads)
  }

  private var wantsSums: Bool { policy.scorer.statistics.contains(.sum) }
  private var wantsLast: Bool { policy.scorer.statistics.contains(.last) }

  // MARK: Prompt

  func scorePrompt(_ view: HeadView) throws {
    lock.lock()
    defer { lock.unlock() }
    arrived[view.head] = view
    guard arrived.count == shape.kvHeads else { return }
    let views = (0..<shape.kvHeads).compactMap { arrived[$0] }
    arrived = [:]
    let tokens = policy.tokens(prompt: view.seenTokens, shape: shape)
    guard view.count > tokens || policy.scorer.remembers else {
      scores = []
      if wantsSums { sums = views.map(\.columnSums) }
      return
    }
    if wantsSums { sums = views.map(\.columnSums) }
    if wantsLast { last = views.map(Self.lastWeights) }
    scores = try scorer.scores(seen(views))
  }

  private func seen(_ views: [HeadView]) -> ScoredLayer {
    ScoredLayer(
      layer: layer, shape: shape, seenTokens: views[0].seenTokens, slots: views[0].count, views: views, sums: sums,
      last: last)
  }

  /// Weights of the prompt's newest query.
  private static func lastWeights(_ view: HeadView) -> [Float] {
    let newest = (view.layer?.promptWindow?.count ?? 1) - 1
    let share = 1 / Float(max(1, view.layer?.shape.groupHeads ?? 1))
    var weights = [Float](repeating: 0, count: view.count)
    view.windowWeights(head: view.head) { token, _, line in
      guard token == newest else { return }
      for slot in weights.indices { weights[slot] += line[slot] * share }
    }
    return weights
  }

  func slotsAfterPrefill(_ views: [HeadView]) -> [[Int]?] {
    guard let first = views.first else { return [] }
    let tokens = policy.tokens(prompt: first.seenTokens, shape: shape)
    (budget, promptTokens, scoredTokens) = (tokens, first.seenTokens, first.seenTokens)
    guard first.count > tokens, scores.count == views.count else { return views.map { _ in nil } }
    let kept = zip(views, scores).map { chosen($0, $1, tokens) }
    move(kept)
    scores = []
    return kept
  }

  /// Slots that stay, ascending: the protected ones and the highest scores; ties by position.
  private func chosen(_ view: HeadView, _ scores: [Float], _ tokens: Int) -> [Int] {
    let (free, guarded) = parted(view)
    let positions = view.positions
    let ranked = free.sorted { a, b in
      scores[a] != scores[b] ? scores[a] > scores[b] : positions[a] < positions[b]
    }
    return (guarded + ranked.prefix(max(0, tokens - guarded.count))).sorted()
  }

  private func parted(_ view: HeadView) -> (free: [Int], guarded: [Int]) {
    var (free, guarded): ([Int], [Int]) = ([], [])
    for (slot, position) in view.positions.enumerated() {
      let isGuarded = position < policy.sink || Int(position) >= view.seenTokens - policy.recent
      if isGuarded { guarded.append(slot) } else { free.append(slot) }
    }
    return (free, guarded)
  }

  private func move(_ slots: [[Int]]) {
    for head in slots.indices {
      if wantsSums { sums[head] = slots[head].map { $0 < sums[head].count ? sums[head][$0] : 0 } }
    }
    scorer.follow(slots)
  }

  // MARK: Decoding

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    // Heads arrive at the same time, each with its own numbers.
    lock.lock()
    defer { lock.unlock() }
    let step = Array(UnsafeBufferPointer(start: weights, count: count))
    if wantsSums { sums[head] = (0..<count).map { ($0 < sums[head].count ? sums[head][$0] : 0) + step[$0] } }
    if wantsLast { last[head] = step }
  }

  func slotToDrop(head: Int, _ view: HeadView) throws -> Int? {
    if view.head == 0, view.seenTokens > scoredTokens { try score(after: view) }
    return leaving[view.head].popLast()
  }

  /// Scores the layer after a step, on the first head's behalf, and says which slots of every head leave.
  private func score(after view: HeadView) throws {
    scoredTokens = view.seenTokens
    let tokens = budget ?? policy.tokens(prompt: view.seenTokens, shape: shape)
    let isDue = view.count > tokens && (view.seenTokens - promptTokens) % max(1, policy.every) == 0
    guard isDue || policy.scorer.remembers, let cache = view.layer else { return }
    let views = (0..<shape.kvHeads).map { cache.view(table: $0) }
    let scores = try scorer.scores(seen(views))
    guard isDue else { return }
    var order: [[Int]] = []
    for (head, each) in views.enumerated() {
      let stays = Set(chosen(each, scores[head], tokens))
      // The highest slot leaves first: none below it has moved then.
      leaving[head] = (0..<each.count).filter { !stays.contains($0) }
      var slots = Array(0..<each.count)
      for slot in leaving[head].reversed() {
        slots.swapAt(slot, slots.count - 1)
        slots.removeLast()
      }
      order.append(slots)
    }
    move(order)
  }

  var metadataBytes: Int { sums.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size } }
}
