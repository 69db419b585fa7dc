/// What every configuration did with one request.
public struct ChoiceSample: Sendable, Equatable {
  public var name: String
  /// The type of its task as the data set has it; nil if it has none.
  public var type: String?
  /// What the classifier takes its prompt for; nil without a prompt or classifier.
  public var predictedType: String?
  public var promptTokens: Int?
  /// The baseline's first. // [configurations]
  public var outcomes: [Outcome]

  public struct Outcome: Sendable, Equatable {
    public var score: Double
    public var tokens: Int?
    /// Of the cache at the end.
    public var bytes: Int?

    public init(score: Double, tokens: Int? = nil, bytes: Int? = nil) {
      self.score = score
      self.tokens = tokens
      self.bytes = bytes
    }
  }

  public init(
    name: String, type: String?, predictedType: String? = nil, promptTokens: Int? = nil, outcomes: [Outcome]
  ) {
    self.name = name
    self.type = type
    self.predictedType = predictedType
    self.promptTokens = promptTokens
    self.outcomes = outcomes
  }

  /// What is learnt from it: its own type before a predicted one.
  var learntType: String? { type ?? predictedType }
}
