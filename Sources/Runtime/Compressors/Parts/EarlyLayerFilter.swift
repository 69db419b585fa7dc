/// Keeps the prompt tokens that the last token's query scores highest in one early layer (sheet gemfilter).
struct EarlyLayerFilter: PromptRewriter {
  let budget: Budget
  /// The filter layer, from 0; nil for the paper's place, 13 of 32.
  let layer: Int?
  /// Width of the average over neighbouring tokens, odd.
  let kernel: Int
  /// Whether the first token is kept whatever its score.
  let pinsFirst: Bool
  /// Last tokens kept whatever their scores.
  let recent: Int

  /// round(0.41 * layers): 13 of 32.
  func filterLayer(_ shape: CacheShape) -> Int {
    layer ?? min(shape.layers - 1, Int((0.41 * Double(shape.layers)).rounded()))
  }

  func check(shape: CacheShape) throws {
    guard filterLayer(shape) < shape.layers else {
      throw RuntimeProblem(
        "K305", seen: "gemfilter: layer=\(filterLayer(shape)) in a model of \(shape.layers) layers",
        expected: "layer from 0 to \(shape.layers - 1)")
    }
  }

  func mostTokens(prompt: Int, shape: CacheShape) -> Int {
    min(prompt, max(budget.tokens(prompt: prompt, shape: shape), pinned(prompt)))
  }

  private func pinned(_ prompt: Int) -> Int { recent + (pinsFirst && recent < prompt ? 1 : 0) }

  func needs(prompt: Int, shape: CacheShape) -> RewritingNeeds {
    guard mostTokens(prompt: prompt, shape: shape) < prompt else { return RewritingNeeds() }
    return RewritingNeeds(cacheBytes: Slots.exactBytes(prompt, shape), passTokens: prompt)
  }

  func rewrite(_ prompt: Prompt, asking model: PromptModel) throws -> [Int32] {
    let count = prompt.ids.count
    // All tokens in order are the prompt itself: nothing to ask.
    guard mostTokens(prompt: count, shape: model.shape) < count else { return prompt.ids }
    let scores = try model.project(prompt.ids, layer: filterLayer(model.shape), Self.rawScores)
    return kept(scores, shape: model.shape).map { prompt.ids[$0] }
  }

  /// Per token, the dot products of the last query and its key summed over query heads, as they are: no softmax, no scale.
  static func rawScores(_ projection: LayerProjection) throws -> [Float] {
    let shape = projection.shape
    var scores = [Float](repeating: 0, count: projection.tokens)
    for head in 0..<shape.kvHeads {
      var sum = [Float](repeating: 0, count: shape.headDim)
      for query in head * shape.groupHeads..<(head + 1) * shape.groupHeads {
        for (channel, value) in projection.query(token: projection.tokens - 1, head: query).enumerated() {
          sum[channel] += value
        }
      }
      for token in 0..<projection.tokens {
        let key = projection.key(token: token, head: head)
        var product: Float = 0
        for channel in 0..<shape.headDim { product += sum[channel] * key[channel] }
        guard product.isFinite else {
          throw EngineProblems.notFinite(layer: projection.layer, head: head, isStored: false)
        }
        scores[token] += product
      }
    }
    return scores
  }

  /// Tokens kept, ascending; of equal scores the earlier one.
  func kept(_ scores: [Float], shape: CacheShape) -> [Int] {
    let count = scores.count
    let pooled = pooled(scores)
    var isPinned = [Bool](repeating: false, count: count)
    if pinsFirst, count > 0 { isPinned[0] = true }
    for token in max(0, count - recent)..<count { isPinned[token] = true }
    let free = mostTokens(prompt: count, shape: shape) - isPinned.count { $0 }
    let ranked = (0..<count).filter { !isPinned[$0] }
      .sorted { pooled[$0] != pooled[$1] ? pooled[$0] > pooled[$1] : $0 < $1 }
    for token in ranked.prefix(max(0, free)) { isPinned[token] = true }
    return (0..<count).filter { isPinned[$0] }
  }

  /// The average over `kernel` neighbours; what lies outside the prompt counts as 0, so that the ends are pulled down.
  func pooled(_ scores: [Float]) -> [Float] {
    let reach = kernel / 2
    return scores.indices.map { token in
      var sum: Float = 0
      for other in max(0, token - reach)..<min(scores.count, token + reach + 1) { sum += scores[other] }
      return sum / Float(kernel)
    }
  }
}
