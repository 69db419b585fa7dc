/// Ctrl-R: the newest entry that holds what is typed, and the older ones behind it.
struct HistorySearch {
  /// Oldest first.
  let entries: [String]
  private(set) var pattern = ""
  private(set) var isFound = true
  /// The entry that is shown; the number of entries if none is yet.
  private var place: Int

  init(entries: [String]) {
    self.entries = entries
    place = entries.count
  }

  /// The entry that is shown, and where in it the pattern begins, in UTF-8 bytes; nil before the first match.
  var match: (entry: String, offset: Int)? {
    guard place < entries.count else { return nil }
    let entry = entries[place]
    return (entry, entry.range(of: pattern).map { entry[..<$0.lowerBound].utf8.count } ?? entry.utf8.count)
  }

  mutating func type(_ scalar: UnicodeScalar) {
    pattern.unicodeScalars.append(scalar)
    if match == nil || !entries[place].contains(pattern) { older() }
  }

  /// The last character of the pattern goes, and the search begins anew at the newest entry; false if there was none.
  mutating func erase() -> Bool {
    guard !pattern.isEmpty else { return false }
    pattern.unicodeScalars.removeLast()
    place = entries.count
    isFound = true
    if !pattern.isEmpty { older() }
    return true
  }

  /// The next older match that is another text; without one the shown entry stays.
  mutating func older() {
    guard !pattern.isEmpty else { return }
    let shown = match?.entry
    let found = entries[..<place].lastIndex { $0 != shown && $0.contains(pattern) }
    isFound = found != nil
    if let found { place = found }
  }
}
