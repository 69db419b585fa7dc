/// How kvsh ends.
enum ExitStatus: Int32, Sendable {
  case done = 0
  /// A problem while running.
  case failed = 1
  /// The text does not parse or check, or cannot be read; the arguments make no sense.
  case rejected = 2
  /// Ctrl-C.
  case interrupted = 130

  /// The word for it in `history`.
  var word: String {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .rejected: "rejected"
    case .interrupted: "interrupted"
    }
  }
}
