/// What one call of kvsh is to do.
enum Work: Equatable {
  case shell
  /// `-c LINE`.
  case line(String)
  case file(String)
  /// A script on standard input.
  case input

  /// - Parameter words: what follows the options; the rest behind a script's name, or behind `-c LINE`, is the script's.
  static func choose(line: String?, words: [String], isInputTerminal: Bool) -> (work: Work, arguments: [String]) {
    if let line { return (.line(line), words) }
    guard let first = words.first else { return (isInputTerminal ? .shell : .input, []) }
    return (first == "-" ? .input : .file(first), Array(words.dropFirst()))
  }
}
