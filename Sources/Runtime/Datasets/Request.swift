/// One prompt to run, with the answer somebody else gave to it.
public struct Request: Sendable, Equatable, Identifiable {
  /// Stable name of the sample within its data set; distinct within one load.
  public var id: String
  /// Text the model is given, as the file has it (no chat template).
  public var prompt: String
  /// Answer that came with the prompt, or nil if the file has none.
  public var reference: String?
  /// P: token ids of `prompt`, special tokens of the tokenizer included.
  public var promptTokens: Int
  /// L: token ids of `reference` tokenized alone; for a fixed output length, that length.
  public var referenceTokens: Int?
  /// How long the answer may become.
  public var output: OutputLength
  /// Whether the prompt stands in the chat template; nil is as the run has it.
  public var chat: Bool?
  /// How an answer is scored, for data sets whose records have rules of their own.
  public var judgement: LongBenchJudgement?
  /// Further fields of the record, for instance `record` (its number in the file).
  public var meta: [String: String]

  public init(
    id: String, prompt: String, reference: String? = nil, promptTokens: Int, referenceTokens: Int? = nil,
    output: OutputLength = .untilEnd, chat: Bool? = nil, judgement: LongBenchJudgement? = nil,
    meta: [String: String] = [:]
  ) {
    self.id = id
    self.prompt = prompt
    self.reference = reference
    self.promptTokens = promptTokens
    self.referenceTokens = referenceTokens
    self.output = output
    self.chat = chat
    self.judgement = judgement
    self.meta = meta
  }

  /// The sheet's `output` parameter, per request.
  public enum OutputLength: Sendable, Equatable {
    /// Stop at the model's own end of text (the paper).
    case untilEnd
    /// Generate exactly this many tokens, end of text ignored (vLLM).
    case exactly(Int)
    /// Stop at the end of text or after this many tokens, if `run` does not stop sooner.
    case atMost(Int)
  }
}
