import Foundation
import Lang
import Runtime

/// Problems of the program around the language: K597 to K599.
enum ShellProblems {
  static let all: [ProblemCatalogue.Entry] = [
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
