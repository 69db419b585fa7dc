/// The lines of a text, whichever system wrote it.
enum TextLines {
  /// Without their line breaks; a break at the end begins no further line.
  static func of(_ text: String) -> [Substring] {
    // To Swift "\r\n" is one character, and not the same as "\n".
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
