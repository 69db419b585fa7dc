/// One thing a user can name: a method, a data set, a kind of plot.
public struct NameEntry: Sendable {
  public var name: String
  /// One line.
  public var summary: String
  /// Paragraphs for `help NAME`.
  public var details: String
  /// Parameters that choosing this entry adds to the command.
  public var parameters: [Parameter]
  public var examples: [Example]
  /// Other spellings; they keep working and are not listed.
  public var aliases: [String]
  /// What the command accepts with this entry, if it differs from the command's own declaration.
  public var accepts: [ValueType]?
  /// What the command yields with this entry, if it differs from the command's own declaration.
  public var produces: ValueType?

  public init(
    _ name: String, summary: String, details: String = "", parameters: [Parameter] = [], examples: [Example] = [],
    aliases: [String] = [], accepts: [ValueType]? = nil, produces: ValueType? = nil
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.examples = examples
    self.aliases = aliases
    self.accepts = accepts
    self.produces = produces
  }
}

/// The arguments of an entry that are known, by parameter name; at check time only the constants.
public struct EntryArguments: Sendable {
  public var values: [String: Value]
  /// Where each was written.
  public var spans: [String: Span]
  public var span: Span

  public init(values: [String: Value], spans: [String: Span], span: Span) {
    self.values = values
    self.spans = spans
    self.span = span
  }
}

/// The names that the host knows. Listing must be quick: completion asks on every key.
public protocol Catalogue: Sendable {
  /// Kinds in the order `help` shows them: `method`, `dataset`, `plot`.
  var kinds: [String] { get }
  func entries(of kind: String) -> [NameEntry]
  /// Whether `NAME(k=v)` in an expression builds a value of this kind.
  func isCallable(_ kind: String) -> Bool
  /// The type of the value that `make` builds.
  func madeType(of kind: String) -> ValueType
  /// Builds the value of `NAME(k=v)`; throws a `Problem`.
  func make(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) throws -> Value
  /// What a policy may name, with types and doc lines; empty if the host knows no policies.
  var policyInputs: [Parameter] { get }
  /// The kind under which policies stand: `method`.
  var policyKind: String { get }
  /// The entry that a policy will have once it is defined.
  func policyEntry(_ outline: PolicyOutline) -> NameEntry?
  /// What keeps a policy from being one of the host's names.
  func problems(of outline: PolicyOutline) -> [Problem]
  /// Takes a policy, in the place of an earlier one of its name; throws a `Problem`.
  func define(_ policy: PolicyDefinition) throws
  /// Problems of a combination of constant arguments; checks of single values are done by the checker.
  func validate(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) -> [Problem]
  /// Problems of stages that follow each other in one pipeline, such as two methods that answer the same question.
  func validate(_ stages: [StageSummary]) -> [Problem]
}

extension Catalogue {
  public func isCallable(_ kind: String) -> Bool { false }
  public func madeType(of kind: String) -> ValueType { .any }
  public func make(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) throws -> Value {
    throw Problem.notCallable(entry.name, kind: kind, at: arguments.span)
  }
  public var policyInputs: [Parameter] { [] }
  public var policyKind: String { "" }
  public func policyEntry(_ outline: PolicyOutline) -> NameEntry? { nil }
  public func problems(of outline: PolicyOutline) -> [Problem] { [] }
  public func define(_ policy: PolicyDefinition) throws {
    throw Problem("K070", seen: "this host has no policies", labels: [.init(policy.outline.span)])
  }
  public func validate(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) -> [Problem] { [] }

  public func validate(_ stages: [StageSummary]) -> [Problem] { [] }

  /// The entry of that name or alias.
  public func entry(_ name: String, of kind: String) -> NameEntry? {
    let entries = entries(of: kind)
    return entries.first { $0.name == name } ?? entries.first { $0.aliases.contains(name) }
  }

  /// The callable entry of that name, with its kind.
  public func callable(_ name: String) -> (entry: NameEntry, kind: String)? {
    for kind in kinds where isCallable(kind) {
      if let entry = entry(name, of: kind) { return (entry, kind) }
    }
    return nil
  }
}

/// A catalogue without names.
public struct EmptyCatalogue: Catalogue {
  public init() {}
  public var kinds: [String] { [] }
  public func entries(of kind: String) -> [NameEntry] { [] }
}
