/// All functions of a session by name: the builtins, and those of the host among and beside them.
public struct FunctionRegistry: Sendable {
  /// Builtins first, then the host's own, in the order of declaration.
  public let all: [Builtin]
  let table: [String: Builtin]

  /// The builtins alone.
  public static let builtins = FunctionRegistry([])

  public init(_ host: [HostFunction]) {
    let added = Dictionary(host.map { ($0.name, $0) }) { first, _ in first }
    let builtins = Builtins.all.map { builtin in added[builtin.name].map { builtin.extended(by: $0) } ?? builtin }
    let known = Set(builtins.map(\.name))
    all = builtins + host.filter { !known.contains($0.name) }.map { Builtin($0) }
    table = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
  }
}
