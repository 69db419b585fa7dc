import Lang
import Runtime

extension MethodCard {
  /// The parameters that every policy has beside its own.
  static let policyParameters = [
    ParameterCard("budget", .budget(atLeast: 1), default: .budget(.share(0.5)), "tokens kept per head"),
    ParameterCard("sink", .int(0...65_536), default: .int(0), "first tokens protected"),
    ParameterCard("recent", .int(0...65_536), default: .int(0), "newest tokens protected"),
    ParameterCard(
      "every", .int(0...65_536), default: .int(0),
      "decode steps after which the cache is cut again; 0 cuts the prompt only"),
  ]
  static let policyWindow = ParameterCard(
    "window", .int(1...4_096), default: .int(32), "last queries of the prompt in attn_window")

  /// A policy as the card of a method; `definition` is nil until the policy's line has run.
  init(_ outline: PolicyOutline, _ definition: PolicyDefinition?, math: @escaping @Sendable () throws -> TensorMath) {
    let hasWindow = outline.text.contains("attn_window")
    let own = outline.parameters.map { ParameterCard(policy: $0.name, $0.defaultValue) }
    let summary = outline.doc.split(separator: "\n").first.map(String.init) ?? "A score written in the language."
    self.init(
      name: outline.name, title: outline.text, family: .eviction, paper: "none; written in the language",
      summary: summary, parameters: Self.policyParameters + (hasWindow ? [Self.policyWindow] : []) + own,
      storage: .evicted, text: outline.text
    ) { settings in
      guard let definition else {
        throw settings.problem("the policy has not been defined", expected: "its line to run first")
      }
      return try Self.slots(definition, settings, math: try math())
    }
  }

  private static func slots(_ definition: PolicyDefinition, _ settings: Settings, math: TensorMath) throws -> Slots {
    let every = settings.int("every") ?? 0
    let (sink, recent) = (settings.int("sink") ?? 0, settings.int("recent") ?? 0)
    let budget = settings.budget("budget") ?? .share(0.5)
    if every > 0, definition.inputs.contains("attn_window") {
      throw settings.problem(
        "every=\(every) with attn_window", expected: "every=0: it is known at the prompt's end only")
    }
    if case .tokens(let count) = budget, count <= sink + recent {
      throw settings.problem(
        "budget=\(count) leaves nothing beside the \(sink + recent) protected tokens",
        expected: "budget over \(sink + recent)")
    }
    var values: [String: Value] = [:]
    for parameter in definition.outline.parameters {
      guard let value = settings.values[parameter.name] else {
        throw settings.problem("\(parameter.name) is not given", expected: "\(parameter.name)=NUMBER")
      }
      values[parameter.name] = Value(value, like: parameter.defaultValue)
    }
    let scorer = LanguageScorer(
      definition: definition, parameters: values,
      statistics: PolicyInputs.statistics(definition.inputs, window: settings.int("window") ?? 32), math: math)
    return Slots(
      keep: LayerScoredTokens(scorer: scorer, budget: budget, sink: sink, recent: recent, every: every))
  }
}

extension ParameterCard {
  /// A parameter of a policy, by its default.
  fileprivate init(policy name: String, _ value: Value?) {
    switch value {
    case .bool(let flag): self.init(name, .bool, default: .bool(flag), "of the policy")
    case .share(let share): self.init(name, .float(0...1), default: .float(share), "of the policy")
    default:
      self.init(name, .float(-1e12...1e12), default: value?.asDouble.map { .float($0) }, "of the policy")
    }
  }
}

extension Value {
  /// A parameter's value in the type of its default.
  fileprivate init(_ value: ParameterValue, like known: Value?) {
    switch value {
    case .bool(let flag): self = .bool(flag)
    case .float(let number):
      if case .int? = known, let whole = Int(exactly: number) { self = .int(whole) } else { self = .float(number) }
    case .int(let number): self = .int(number)
    case .word(let word): self = .string(word)
    case .budget, .shares, .text: self = .nil
    }
  }
}
