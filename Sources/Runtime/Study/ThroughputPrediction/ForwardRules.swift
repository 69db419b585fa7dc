/// How an engine puts forwards together, and how finely their sizes are told apart.
public struct ForwardRules: Sendable, Equatable {
  /// New tokens are rounded up to a multiple of this, and count as at most `tokenLimit`.
  public var tokenStep: Int
  public var tokenLimit: Int
  /// Cached tokens are rounded up to a multiple of this.
  public var cachedStep: Int
  /// Whether prompts share a forward, up to `tokenLimit` tokens; otherwise each has its own.
  public var sharesPrompts: Bool

  public init(tokenStep: Int, tokenLimit: Int, cachedStep: Int, sharesPrompts: Bool) {
    self.tokenStep = max(1, tokenStep)
    self.tokenLimit = max(1, tokenLimit)
    self.cachedStep = max(1, cachedStep)
    self.sharesPrompts = sharesPrompts
  }

  /// Vidur's, for an accelerator. Source: sheet throughput-predictor.
  public static let vidur = ForwardRules(tokenStep: 8, tokenLimit: 4_096, cachedStep: 64, sharesPrompts: true)
  /// This engine's: on processor cores one more token costs, and prompts run one behind the other.
  public static let own = ForwardRules(tokenStep: 1, tokenLimit: 1 << 40, cachedStep: 1, sharesPrompts: false)

  /// Prompts of `tokens` tokens that go through the model together, of `batch` there are.
  public func promptsTogether(tokens: Int, batch: Int) -> Int {
    sharesPrompts ? max(1, min(tokenLimit / max(1, tokens), batch)) : 1
  }
}
