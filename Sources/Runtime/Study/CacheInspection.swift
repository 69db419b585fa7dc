/// What a configuration's cache holds of a text, head by head and token by token, and why.
public struct CacheInspection: Sendable {
  /// Why a token is there, or that it is not.
  public enum Reason: String, Sendable, CaseIterable {
    /// One of the first tokens, which the method protects.
    case sink
    /// One of the newest tokens, which the method protects.
    case window
    /// Its score is within the budget.
    case score
    /// Nothing had to leave.
    case fits
    /// Fed after the last choice.
    case new
    /// Not chosen, and held in fewer bits.
    case demoted
    case dropped
  }

  public struct Token: Sendable, Equatable {
    /// Bits of its numbers; nil if it is not held.
    public var bits: StoredBits?
    /// What it was ranked by, and its place among those that were, from 1; nil if it was not ranked.
    public var score: Float?
    public var rank: Int?
    public var reason: Reason
  }

  public struct Head: Sendable {
    public let layer: Int
    public let head: Int
    /// By position in the text.
    public let tokens: [Token]
    /// The head's share of its layer's bytes, by the tokens it holds.
    public let heldBytes: Int
    /// What the last decode step read, or would read, shared out alike.
    public let readBytes: Int

    public var kept: Int { tokens.count { $0.bits != nil } }
  }

  /// The text that reached the model: the prompt and what was generated and fed behind it.
  public let ids: [Int32]
  public let promptTokens: Int
  public let heads: [Head]
  public let bytes: ByteCount

  /// Share of heads, over all layers, that hold the token of a position.
  public func keptShare(position: Int) -> Double {
    Double(heads.count { $0.tokens[position].bits != nil }) / Double(max(1, heads.count))
  }
}

extension BatchEngine {
  /// Runs a prompt and `follow` greedy tokens behind it, and looks at what the cache then holds.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (prompt), K607 (memory).
  public func inspect(
    _ prompt: [Int32], follow: Int, _ compressor: Compressor, _ cancellation: Cancellation? = nil
  ) throws -> CacheInspection {
    let context = model.configuration.contextTokens
    guard !prompt.isEmpty, prompt.count + follow <= context else {
      throw RuntimeProblem(
        "K603", seen: "a text of \(prompt.count) tokens and \(follow) behind it",
        expected: "at least one, \(context) together at most", suggestion: "use a shorter text")
    }
    try checkMemory([.init(prompt: prompt.count, tokens: prompt.count + follow)], compressor, batch: 1)
    let cache = try pass.makeCache(compressor)
    for layer in cache.layers { layer.keepsRankings = true }
    // What reached the model: the prompt slot may have left some out.
    let prompt = try PromptModel(pass, tokenizer, chunkTokens: chunkTokens, cancellation)
      .rewrite(Prompt(ids: prompt, text: nil), for: cache)
    var row = try feed(cache, with: prompt, cancellation)
    var ids = prompt
    for _ in 0..<follow {
      let logits = UnsafeBufferPointer(start: pass.logits(rows: [row]), count: model.configuration.vocabulary)
      let token = Int32(truncatingIfNeeded: Sampler.likeliest(logits))
      try pass.run([.step(token, of: cache)], cancellation)
      ids.append(token)
      row = pass.lastRows.last ?? 0
    }
    return CacheInspection(
      ids: ids, promptTokens: prompt.count,
      heads: cache.layers.flatMap { layer in
        (0..<layer.shape.kvHeads).map { layer.inspect(head: $0, tokens: ids.count) }
      },
      bytes: cache.bytes)
  }
}

extension LayerCache {
  /// One head's tokens by position, with the last ranking it went through.
  fileprivate func inspect(head: Int, tokens count: Int) -> CacheInspection.Head {
    let positions = positions(head: head)
    let bits = store.storedBits(head: head)
    let (ranking, rankedPositions, rankedTokens) = lastRanking(head: head)
    let ranks = Self.ranks(ranking, rankedPositions, seenTokens: rankedTokens)
    let scores = Dictionary(zip(rankedPositions, ranking?.scores ?? [])) { first, _ in first }
    var tokens = [CacheInspection.Token](repeating: .init(bits: nil, reason: .dropped), count: count)
    for position in tokens.indices {
      let place = Int32(truncatingIfNeeded: position)
      tokens[position].rank = ranks[place]
      tokens[position].score = ranks[place] == nil ? nil : scores[place]
    }
    let demoted = store.demotedCount(head: head)
    let isWhole = positions.count == count && demoted == 0
    for (slot, position) in positions.enumerated() where tokens.indices.contains(Int(position)) {
      let reason: CacheInspection.Reason =
        if isWhole {
          .fits
        } else if slot < demoted {
          .demoted
        } else if Int(position) >= rankedTokens {
          .new
        } else if let ranking, position < ranking.sink {
          .sink
        } else if let ranking, Int(position) >= rankedTokens - ranking.recent {
          .window
        } else {
          .score
        }
      tokens[Int(position)].bits = slot < bits.count ? bits[slot] : nil
      tokens[Int(position)].reason = reason
    }
    let held = bytes
    let all = (0..<shape.kvHeads).reduce(0) { $0 + store.count(head: $1) }
    func part(_ total: Int) -> Int { all > 0 ? total * store.count(head: head) / all : 0 }
    return CacheInspection.Head(
      layer: layer, head: head, tokens: tokens, heldBytes: part(held.held), readBytes: part(held.read))
  }

  /// Places of the tokens that were ranked, by score, ties by position.
  private static func ranks(
    _ ranking: TokenRanking?, _ positions: [Int32], seenTokens: Int
  ) -> [Int32: Int] {
    guard let ranking, ranking.scores.count == positions.count else { return [:] }
    let candidates = positions.indices.filter {
      positions[$0] >= ranking.sink && Int(positions[$0]) < seenTokens - ranking.recent
    }
    let sorted = candidates.sorted { a, b in
      ranking.scores[a] != ranking.scores[b]
        ? ranking.scores[a] > ranking.scores[b] : positions[a] < positions[b]
    }
    return Dictionary(sorted.enumerated().map { (positions[$0.element], $0.offset + 1) }) { first, _ in first }
  }
}
