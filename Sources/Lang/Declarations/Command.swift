/// Something that can stand in a pipeline.
public protocol Command: Sendable {
  var signature: Signature { get }
  /// Does the work; throws a `Problem` or a `CancellationProblem`.
  func run(_ call: Call, in context: Context) throws -> Value
}

/// All commands of a host, by name.
public struct CommandRegistry: Sendable {
  /// In the order of registration.
  public let commands: [any Command]
  public let signatures: [Signature]
  /// Names such as `serve-study`, which would otherwise be a difference.
  let hyphenatedNames: Set<String>
  private let positions: [String: Int]

  public init(_ commands: [any Command]) {
    self.commands = commands
    signatures = commands.map(\.signature)
    hyphenatedNames = Set(signatures.map(\.name).filter { $0.contains("-") })
    var positions: [String: Int] = [:]
    for (index, signature) in signatures.enumerated() { positions[signature.name] = index }
    self.positions = positions
  }

  public func command(_ name: String) -> (any Command)? { positions[name].map { commands[$0] } }
  public func signature(_ name: String) -> Signature? { positions[name].map { signatures[$0] } }
}
