/// What help, completion and checks need to know about a data set.
public struct DatasetCard: Sendable, Equatable {
  /// Name as written after `run`.
  public var name: String
  /// One line for lists.
  public var summary: String
  /// A paragraph for `help`.
  public var doc: String
  /// Parameters in the order in which help shows them.
  public var parameters: [DatasetParameter]
  /// Where the records come from.
  public var source: String
  public var licence: String
  /// How answers are judged; nil if there is nothing to judge them by.
  public var scoring: AnswerScoring?
  /// The temperature `run` takes unless it is told one; nil is its own default.
  public var temperature: Double?
  /// Whether prompts stand in the model's chat template unless `run` is told; nil is the model's habit.
  public var chat: Bool?

  public init(
    name: String, summary: String, doc: String, parameters: [DatasetParameter], source: String, licence: String,
    scoring: AnswerScoring? = nil, temperature: Double? = nil, chat: Bool? = nil
  ) {
    self.name = name
    self.summary = summary
    self.doc = doc
    self.parameters = parameters
    self.source = source
    self.licence = licence
    self.scoring = scoring
    self.temperature = temperature
    self.chat = chat
  }
}

/// One parameter of a data set, as plain data.
public struct DatasetParameter: Sendable, Equatable {
  public var name: String
  public var kind: Kind
  /// Value when the parameter is not given; nil means "unset".
  public var defaultValue: DatasetValue?
  /// Inclusive bounds of a number.
  public var range: ClosedRange<Double>?
  public var doc: String

  public init(
    _ name: String, _ kind: Kind, default defaultValue: DatasetValue? = nil, range: ClosedRange<Double>? = nil,
    doc: String
  ) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.range = range
    self.doc = doc
  }

  public enum Kind: Sendable, Equatable {
    case int, float, string, bool
    case choice([String])
    /// One of the words, or a whole number within `range`.
    case choiceOrInt([String])
    /// One or several of the words.
    case words([String])
  }
}

/// A parameter's value.
public enum DatasetValue: Sendable, Equatable {
  case int(Int)
  case float(Double)
  case string(String)
  case bool(Bool)
  case words([String])
}
