/// Everything kvsh knows of a method in one declaration: help, completion, checks, tables and docs come from it.
public struct MethodCard: Sendable {
  public enum Family: String, Sendable {
    case quantisation
    case eviction
    case merging
    case selection
    case sharing
    /// Tokens leave before the model reads the prompt.
    case prompt
  }

  /// How a method stores what it keeps, the weakest claim first; checked by counting bytes.
  public enum Storage: String, Sendable, CaseIterable {
    case full
    case evicted
    case packed
    case simulated
  }

  /// A named choice of parameters, for instance a paper's setting.
  public struct Preset: Sendable {
    public let name: String
    public let values: [String: ParameterValue]
    /// Where the setting comes from.
    public let source: String

    public init(_ name: String, _ values: [String: ParameterValue], source: String) {
      self.name = name
      self.values = values
      self.source = source
    }
  }

  public let name: String
  public let title: String
  public let family: Family
  public let paper: String
  public let summary: String
  public let parameters: [ParameterCard]
  public let presets: [Preset]
  public let storage: Storage
  public let deviations: [String]
  /// What the user wrote, for a method out of the session: rows are keyed by it.
  public let text: String?
  /// Fills the slots, or throws K304 for a combination of parameters that makes no sense.
  let fill: @Sendable (Settings) throws -> Slots

  public init(
    name: String, title: String, family: Family, paper: String, summary: String, parameters: [ParameterCard],
    presets: [Preset] = [], storage: Storage, deviations: [String] = [], text: String? = nil,
    fill: @escaping @Sendable (Settings) throws -> Slots
  ) {
    self.name = name
    self.title = title
    self.family = family
    self.paper = paper
    self.summary = summary
    self.parameters = parameters
    self.presets = presets
    self.storage = storage
    self.deviations = deviations
    self.text = text
    self.fill = fill
  }
}

/// The parameters of one use of a method: given ones checked, the rest at their defaults.
public struct Settings: Sendable {
  public let method: String
  /// Every parameter that has a value.
  public let values: [String: ParameterValue]
  /// The ones the user or the preset gave.
  public let given: Set<String>

  public func int(_ name: String) -> Int? {
    if case .int(let value)? = values[name] { value } else { nil }
  }

  public func float(_ name: String) -> Double? {
    if case .float(let value)? = values[name] { value } else { nil }
  }

  public func bool(_ name: String) -> Bool? {
    if case .bool(let value)? = values[name] { value } else { nil }
  }

  public func word(_ name: String) -> String? {
    if case .word(let value)? = values[name] { value } else { nil }
  }

  public func shares(_ name: String) -> [Double]? {
    if case .shares(let values)? = values[name] { values } else { nil }
  }

  public func text(_ name: String) -> NamedText? {
    if case .text(let value)? = values[name] { value } else { nil }
  }

  public func budget(_ name: String) -> Budget? {
    if case .budget(let value)? = values[name] { value } else { nil }
  }

  /// A combination of parameters that makes no sense.
  public func problem(_ seen: String, expected: String, suggestion: String? = nil) -> RuntimeProblem {
    RuntimeProblem("K304", seen: "\(method): \(seen)", expected: expected, suggestion: suggestion)
  }
}
