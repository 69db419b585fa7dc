/// How many heavy hitters and how many of the newest tokens a head keeps.
enum HeavyBudget: Equatable, Sendable {
  /// As many as the prompt's length says, whatever follows.
  case fixed(heavy: Budget, recent: Budget)
  /// A share of the text so far, of which the newest tokens take the part `recent` (sheet mikv).
  case growing(share: Double, recent: Double)

  /// Tokens of each kind once `tokens` tokens have been read, `prompt` of them the prompt's.
  func counts(prompt: Int, tokens: Int, shape: CacheShape) -> (heavy: Int, recent: Int) {
    switch self {
    case .fixed(let heavy, let recent):
      return (
        heavy == .tokens(0) ? 0 : heavy.tokens(prompt: prompt, shape: shape, metadataBytes: 8),
        recent.tokens(prompt: prompt, shape: shape, metadataBytes: 8)
      )
    case .growing(let share, let part):
      let all = Self.part(share, of: tokens)
      let recent = Self.part(part, of: all)
      return (all - recent, recent)
    }
  }

  /// Rounded down, but for the last bit of the share.
  private static func part(_ share: Double, of tokens: Int) -> Int {
    Int((Double(tokens) * min(max(share, 0), 1) + 1e-9).rounded(.down))
  }
}
