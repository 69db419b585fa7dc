/// Bounds that turn a runaway script into a problem.
public struct Limits: Sendable {
  /// Calls within calls.
  public var callDepth = 1_000
  /// Passes of one loop.
  public var loopPasses = 1_000_000_000
  /// Elements of one list.
  public var listElements = 50_000_000
  /// Files importing files.
  public var importDepth = 32

  public init() {}
}
