/// What went wrong, as data: a stable code, what was seen, what was expected, one suggestion and the places in the text.
public struct Problem: Error, Hashable, Sendable {
  public enum Severity: String, Sendable { case error, warning }

  /// A place in a source and what is to be said about it.
  public struct Label: Hashable, Sendable {
    public var span: Span
    public var text: String

    public init(_ span: Span, _ text: String = "") {
      self.span = span
      self.text = text
    }
  }

  /// Stable identifier, for instance `K012`; `help K012` explains it.
  public var code: String
  public var severity: Severity
  /// The observation, one clause: "unknown command `rnu`".
  public var seen: String
  /// What would have been right: "a command".
  public var expected: String?
  /// The one thing to do about it: "did you mean `run`?".
  public var suggestion: String?
  /// Places, the main one first; a pipe problem has two (what came in, what was expected).
  public var labels: [Label]

  public init(
    _ code: String, severity: Severity = .error, seen: String, expected: String? = nil, suggestion: String? = nil,
    labels: [Label] = []
  ) {
    self.code = code
    self.severity = severity
    self.seen = seen
    self.expected = expected
    self.suggestion = suggestion
    self.labels = labels
  }

  /// The main place, if the problem has one.
  public var span: Span? { labels.first?.span }

  /// The same problem at a place, unless it has one already.
  public func at(_ span: Span?) -> Problem {
    guard labels.isEmpty, let span else { return self }
    var placed = self
    placed.labels = [Label(span)]
    return placed
  }
}

extension Problem: CustomStringConvertible {
  public var description: String { ProblemRenderer(colour: false).render(self) }
}

/// Everything that is wrong with a text that was not run: it does not parse or does not check.
public struct CheckFailure: Error, Sendable {
  public let problems: [Problem]

  public init(problems: [Problem]) { self.problems = problems }
}

/// The user stopped the evaluation.
public struct CancellationProblem: Error, Sendable {
  /// What ran when the request arrived.
  public let span: Span?

  public init(span: Span?) { self.span = span }
}
