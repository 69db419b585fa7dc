/// The prompt slot: which tokens reach the model instead of a prompt's. An immutable value.
///
/// It acts before prefill and inside the time to the first token; positions are those of what it leaves, from 0.
public protocol PromptRewriter: Sendable {
  /// - Throws: `RuntimeProblem` K305 if the method does not fit the model.
  func check(shape: CacheShape) throws

  /// At least one token, none that the model lacks, no more than the prompt has.
  ///
  /// - Throws: `CancellationError`; what asking the model throws.
  func rewrite(_ prompt: Prompt, asking model: PromptModel) throws -> [Int32]

  /// The most tokens that are left of a prompt of `prompt` tokens; for forecasts of memory.
  func mostTokens(prompt: Int, shape: CacheShape) -> Int

  /// The most that rewriting such a prompt takes.
  func needs(prompt: Int, shape: CacheShape) -> RewritingNeeds
}

/// What rewriting a prompt takes for as long as it lasts; for forecasts of memory.
public struct RewritingNeeds: Equatable, Sendable {
  /// Bytes of caches.
  public var cacheBytes: Int
  /// Tokens that go through the model in one pass; nil for the engine's chunks.
  public var passTokens: Int?
  /// Rows of logits at once.
  public var logitRows: Int

  public init(cacheBytes: Int = 0, passTokens: Int? = nil, logitRows: Int = 0) {
    self.cacheBytes = cacheBytes
    self.passTokens = passTokens
    self.logitRows = logitRows
  }
}

/// A prompt as the prompt slot sees it.
public struct Prompt: Equatable, Sendable {
  public let ids: [Int32]
  /// Where the user's own text lies in `ids`; what stands around it is the chat template's.
  public let text: Range<Int>

  /// - Parameter text: nil for all of the prompt; cut to what there is.
  public init(ids: [Int32], text: Range<Int>? = nil) {
    self.ids = ids
    self.text = (text ?? 0..<ids.count).clamped(to: 0..<ids.count)
  }
}
