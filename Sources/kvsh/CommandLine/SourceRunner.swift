import Lang

/// Runs texts in a session and prints what they yield.
struct SourceRunner {
  let session: Session
  let streams: StandardStreams
  /// Erases the progress line before anything is printed at the end of a text.
  let progress: any ProgressDisplay
  let problems: ProblemRenderer
  /// nil: every value as it comes, for people. Else only the last value goes to standard output, in this form.
  var format: OutputFormat?
  /// Columns to print in, now.
  let width: () -> Int

  /// Checks and runs a text; problems are printed, never thrown.
  func run(_ source: Source) -> ExitStatus {
    var held: Value?
    func warn(_ problem: Problem) { streams.note(problems.render(problem)) }
    func statements(_ source: Source) throws {
      try session.interpreter.run(source, onWarning: warn) { result in
        if result.isExpression, result.value.type != .nil {
          session.keep(result.value)
          if format == nil || format == .table {
            streams.result(text(result))
          } else {
            if let held { streams.note(render(held, as: .table)) }
            held = result.value
          }
        }
        // A command that returned what it had finished when the user stopped it ends the text here.
        if session.wasInterrupted { throw CancellationProblem(span: result.span) }
      }
    }
    session.onSource(statements)
    defer { session.onSource(nil) }
    let status = status { try statements(source) }
    // What was finished when the user stopped is a result; what came before a mistake is not the one asked for.
    if let held, let format {
      if status == .done || status == .interrupted {
        let text = render(held, as: format)
        streams.result(text.hasSuffix("\n") ? String(text.dropLast()) : text)
      } else {
        streams.note(render(held, as: .table))
      }
    }
    if status == .interrupted { streams.note("interrupted") }
    return status
  }

  /// All problems of a text, without running it.
  func check(_ source: Source) -> [Problem] { session.interpreter.check(source) }

  private func status(_ work: () throws -> Void) -> ExitStatus {
    defer { progress.finish() }
    do {
      try work()
      return session.wasInterrupted ? .interrupted : .done
    } catch let failure as CheckFailure {
      streams.note(failure.problems.map { problems.render($0) }.joined(separator: "\n"))
      return .rejected
    } catch is CancellationProblem {
      return .interrupted
    } catch is CancellationError {
      return .interrupted
    } catch {
      streams.note(problems.render(ShellProblems.describing(error)))
      // The rows that were finished may be too few for what follows; that is the user's stop, not a failure.
      return session.wasInterrupted ? .interrupted : .failed
    }
  }

  /// A result as it is printed; `last` alone shows every row, as a cut table promises.
  private func text(_ result: StatementResult) -> String {
    let isWhole = Session.resultNames.contains(result.span.text)
    return session.render(result.value, as: .table, width: width(), isWhole: isWhole)
  }

  private func render(_ value: Value, as format: OutputFormat) -> String {
    session.render(value, as: format, width: width())
  }
}
