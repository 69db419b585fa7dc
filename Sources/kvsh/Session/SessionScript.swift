import Foundation

/// The lines of a session as a script.
struct SessionScript {
  let lines: [String]

  /// The script; lines that only look (`help`, `history`, `save x.kvs`) are left out, as they make nothing.
  var text: String {
    let kept = lines.filter { line in
      let command = line.prefix { !$0.isWhitespace }
      return !["help", "history"].contains(command) && !(command == "save" && line.contains(".kvs"))
    }
    let day = Date().formatted(.iso8601.year().month().day())
    let head = "# kvsh \(Version.kvsh), \(day): \(kept.count) line\(kept.count == 1 ? "" : "s") of a session\n"
    return head + kept.map { $0 + "\n" }.joined()
  }
}
