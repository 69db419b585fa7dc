/// What one statement of a text yielded.
public struct StatementResult: Sendable {
  public let value: Value
  public let span: Span
  /// An expression or a pipeline, whose value a shell prints; `let`, `def`, loops and assignments are not.
  public let isExpression: Bool
}

/// A session: variables and functions that live from line to line.
public final class Interpreter {
  public let context: Context
  /// The value of the last expression that was not nothing.
  public private(set) var last = Value.nil

  public init(context: Context) { self.context = context }

  /// All problems and warnings of a text, without running it.
  public func check(_ source: Source) -> [Problem] { [] }

  /// Checks the whole text, then runs it; yields the value of the last statement.
  ///
  /// Throws `CheckFailure` before anything ran, a `Problem` while running, `CancellationProblem` when stopped.
  /// - Parameters:
  ///   - onWarning: what the check found that does not keep the text from running.
  ///   - onResult: called after every top-level statement.
  @discardableResult
  public func run(
    _ source: Source, onWarning: (Problem) -> Void = { _ in },
    onResult: (StatementResult) throws -> Void = { _ in }
  ) throws -> Value { .nil }
}
