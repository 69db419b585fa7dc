/// Keeps the first `sink` and the last `recent` tokens, the same in every head (sheet streamingllm).
struct SinksAndRecent: KeepPolicy {
  let sink: Int
  let recent: Budget
  /// A budget for both, from which the recent tokens follow.
  let budget: Budget?
  /// Whether tokens leave while decoding too, or only at the end of the prompt.
  let removesWhileDecoding: Bool
  /// The artifact's page arithmetic for h2o: what stays is prompt mod recent tokens (recent if it divides).
  var recentIsRemainder = false
  var needs: AttentionNeeds { AttentionNeeds() }
  var sharesSlots: Bool { true }
  var ranksTokens: Bool { false }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState { State(policy: self, shape: shape) }

  private final class State: KeepState {
    let policy: SinksAndRecent
    let shape: CacheShape
    var recent = 0

    init(policy: SinksAndRecent, shape: CacheShape) {
      self.policy = policy
      self.shape = shape
    }

    func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? {
      resolve(prompt: view.seenTokens)
      let count = view.positions.count
      guard count > policy.sink + recent else { return nil }
      if policy.recentIsRemainder, count % recent != 0 {
        return Array(0..<policy.sink) + Array(count - count % recent..<count)
      }
      return Array(0..<policy.sink) + Array(count - recent..<count)
    }

    func copy(_ other: any KeepState) -> Bool {
      guard let other = other as? State else { return false }
      recent = other.recent
      return true
    }

    func ranking(_ view: HeadView) -> TokenRanking? {
      if recent == 0 { resolve(prompt: view.seenTokens) }
      return TokenRanking(sink: policy.sink, recent: recent)
    }

    var capacityTokens: Int? {
      // A share of the prompt is not known before its end; the card lets none through to a prompt that streams.
      if case .share? = policy.budget { return nil }
      if case .share = policy.recent { return nil }
      resolve(prompt: 0)
      return policy.sink + recent
    }

    func slotToDrop(head: Int, _ view: HeadView) -> Int? {
      if recent == 0 { resolve(prompt: view.seenTokens) }
      guard view.count > policy.sink + recent else { return nil }
      return view.withPositions { positions in
        var oldest: (slot: Int, position: Int32)?
        for (slot, position) in positions.enumerated() where position >= policy.sink {
          if position < oldest?.position ?? .max { oldest = (slot, position) }
        }
        return oldest?.slot
      }
    }

    /// A share or bytes become tokens when the prompt's length is known.
    private func resolve(prompt: Int) {
      guard recent == 0 else { return }
      if let budget = policy.budget {
        recent = max(1, budget.tokens(prompt: prompt, shape: shape, metadataBytes: 4) - policy.sink)
      } else {
        recent = policy.recent.tokens(prompt: prompt, shape: shape)
      }
    }
  }
}
