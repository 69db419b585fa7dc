/// What the text says of a policy before anything runs: enough for the names that commands take.
public struct PolicyOutline: Sendable {
  public let name: String
  /// The comment lines above.
  public let doc: String
  /// Names with their defaults; nil where an argument is needed.
  public let parameters: [(name: String, defaultValue: Value?)]
  /// The statement as it was written.
  public let text: String
  /// The name.
  public let span: Span
}

/// A score that the host computes with: `policy NAME(a=1) { score = ... }`, compiled.
public struct PolicyDefinition: Sendable {
  public let outline: PolicyOutline
  /// Inputs of the host that the text names.
  public let inputs: Set<String>
  /// Names of the states.
  public let states: [String]
  /// (inputs, parameters) to a list of the states' first values.
  let begin: FunctionValue
  /// (inputs, parameters, states) to a list of the score and the states' next values.
  let step: FunctionValue
  let inputNames: [String]
  let makeContext: @Sendable () -> Context

  /// A run of the policy with these values of its parameters; each run has states of its own.
  public func run(_ parameters: [String: Value]) -> PolicyRun { PolicyRun(self, parameters) }
}

/// A policy at work: its context and its states. One thread uses it at a time, not always the same one.
public final class PolicyRun {
  private let definition: PolicyDefinition
  private let context: Context
  private let parameters: [Value]
  /// By name, nil before the first score.
  public var states: [String: Value]?

  init(_ definition: PolicyDefinition, _ given: [String: Value]) {
    self.definition = definition
    context = definition.makeContext()
    parameters = definition.outline.parameters.map { given[$0.name] ?? $0.defaultValue ?? .nil }
  }

  /// The score for these inputs; the states move on.
  ///
  /// - Throws: a `Problem` with its place in the policy's text; `CancellationProblem`.
  public func score(_ inputs: [String: Value]) throws -> Value {
    context.enter()
    let known = definition.inputNames.map { inputs[$0] ?? .nil } + parameters
    var values = definition.states.map { states?[$0] ?? .nil }
    if states == nil {
      values = Self.list(try context.apply(definition.begin, to: known, at: definition.outline.span))
    }
    let results = Self.list(try context.apply(definition.step, to: known + values, at: definition.outline.span))
    states = Dictionary(zip(definition.states, results.dropFirst())) { first, _ in first }
    return results.first ?? .nil
  }

  private static func list(_ value: Value) -> [Value] { if case .list(let values) = value { values } else { [] } }
}

/// A catalogue with one more name, which the text before it has declared.
struct DeclaredCatalogue: Catalogue {
  let base: any Catalogue
  let entry: NameEntry

  var kinds: [String] { base.kinds }
  var policyInputs: [Parameter] { base.policyInputs }
  var policyKind: String { base.policyKind }

  func entries(of kind: String) -> [NameEntry] {
    kind == base.policyKind ? base.entries(of: kind).filter { $0.name != entry.name } + [entry] : base.entries(of: kind)
  }

  func isCallable(_ kind: String) -> Bool { base.isCallable(kind) }
  func madeType(of kind: String) -> ValueType { base.madeType(of: kind) }
  func policyEntry(_ outline: PolicyOutline) -> NameEntry? { base.policyEntry(outline) }
  func problems(of outline: PolicyOutline) -> [Problem] { base.problems(of: outline) }
  func define(_ policy: PolicyDefinition) throws { try base.define(policy) }

  func make(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) throws -> Value {
    try base.make(entry, of: kind, with: arguments)
  }

  func validate(_ stages: [StageSummary]) -> [Problem] { base.validate(stages) }

  /// What the host says of a name that it does not know yet means nothing.
  func validate(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) -> [Problem] {
    kind == base.policyKind && entry.name == self.entry.name ? [] : base.validate(entry, of: kind, with: arguments)
  }
}
