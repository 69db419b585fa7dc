/// One text to be continued.
public struct GenerationRequest: Sendable {
  /// Names the sample; part of the noise's key.
  public let sample: String
  public let prompt: [Int32]
  /// Where the user's own text lies in the prompt, nil for all of it; what stands around it is the chat template's.
  public let text: Range<Int>?
  /// Most tokens to generate.
  public let maxTokens: Int
  /// Go on after the end-of-turn token, so that exactly `maxTokens` come out.
  public let ignoresEnd: Bool

  public init(sample: String, prompt: [Int32], text: Range<Int>? = nil, maxTokens: Int, ignoresEnd: Bool = false) {
    self.sample = sample
    self.prompt = prompt
    self.text = text
    self.maxTokens = maxTokens
    self.ignoresEnd = ignoresEnd
  }
}

/// A finished continuation with its times and bytes.
public struct Generation: Sendable {
  public enum Finish: String, Sendable {
    /// The model ended its turn.
    case eos
    /// The cap on new tokens, or the end of the context.
    case length
    /// The caller's stop rule.
    case stop
  }

  public let sample: String
  public let promptTokens: Int
  /// Tokens of the prompt that reached the model; all, unless the prompt slot left some out.
  public let keptTokens: Int
  /// New tokens without the end-of-turn token.
  public let tokens: [Int32]
  public let finish: Finish
  /// Seconds from the start of the prompt's prefill, its rewriting included, to the first token.
  public let firstTokenSeconds: Double
  /// Mean seconds between tokens after the first; nil for fewer than two.
  public let betweenTokensSeconds: Double?
  /// Seconds from the start of the prefill to the last token.
  public let totalSeconds: Double
  /// What the engine did in that time, for this request and those that decoded beside it; the rest is sampling and
  /// bookkeeping.
  public let phases: PhaseTimes
  /// Held at the end.
  public let cacheBytes: ByteCount
  /// Held at most, packing included.
  public let peakCacheBytes: Int
  /// Keys and values read by one decode step, mean over the steps; 0 without any.
  public let readBytesPerStep: Int
}
