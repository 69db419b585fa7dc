import Foundation
import Lang
import Runtime

/// Problems of the program around the language: K594 to K599.
enum ShellProblems {
  static let all: [ProblemCatalogue.Entry] = [
    .init(
      "K594", "A file that runs itself",
      "`source` runs a file in place of the line; files may not run each other in a circle, nor more than 16 deep."),
    .init(
      "K595", "No such line",
      "`history` numbers the lines of all sessions; `history 12` gives the rows of a line that ran something again."),
    .init(
      "K596", "No session to save",
      "`save session.kvs` writes the lines of an interactive session that ran to their end. A script has none."),
    .init(
      "K597", "Standard output cannot be written",
      "The disk behind it is full, or the device refuses. Rows that were finished are in the store: run the line again."
    ),
    .init(
      "K598", "The line editor cannot start",
      "There is no memory or no file descriptor left. `kvsh -c LINE` and `kvsh FILE` work without it."),
    .init(
      "K599", "An error without a code", "The system or a library reported something that kvsh has no better words for."
    ),
  ]

  static func sourceCycle(_ path: String, at span: Span) -> Problem {
    Problem("K594", seen: "\(path) runs itself", expected: "files that end", labels: [.init(span)])
  }

  static func noRows(line id: Int, isKnown: Bool, at span: Span) -> Problem {
    Problem(
      "K595", seen: isKnown ? "line \(id) kept no rows" : "there is no line \(id)",
      expected: isKnown ? "a line with `run`" : "an id out of `history`",
      suggestion: "`history | where rows > 0` lists the lines with rows", labels: [.init(span)])
  }

  static func nothingToSave(at span: Span) -> Problem {
    Problem(
      "K596", seen: "there is no line to save", expected: "a session in which a line ran to its end",
      suggestion: "to save a value, put it before: `... | save PATH`", labels: [.init(span)])
  }

  static func unwritableOutput(_ reason: String) -> Problem {
    Problem("K597", seen: "standard output cannot be written: \(reason)")
  }

  static func noLineEditor() -> Problem {
    Problem("K598", seen: "the line editor cannot start", suggestion: "`kvsh -c LINE` works without it")
  }

  /// Any error as a problem.
  static func describing(_ error: any Error) -> Problem {
    switch error {
    case let problem as Problem: problem
    case let problem as RuntimeProblem: Problem(problem, at: nil)
    case let error as CocoaError: Problem("K599", seen: error.localizedDescription)
    case let error as POSIXError: Problem("K599", seen: String(cString: strerror(error.code.rawValue)))
    default: Problem("K599", seen: "\(error)")
    }
  }
}
