/// The name that a mistyped word most likely meant.
public enum NearestName {
  /// Edits that a word of a length may be away: one in three letters, at least one.
  static func tolerance(_ length: Int) -> Int { max(1, length / 3) }

  /// The closest candidate within tolerance; the first of equals.
  public static func of(_ word: String, in candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().prefix(64))
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate != word {
      let other = Array(candidate.lowercased().prefix(64))
      let limit = min(tolerance(letters.count), (best?.distance ?? Int.max) - 1)
      guard abs(letters.count - other.count) <= limit else { continue }
      let distance = distance(letters, other)
      // Of a single letter nothing would be left.
      if distance <= limit, distance < max(letters.count, other.count) { best = (candidate, distance) }
    }
    return best?.name
  }

  /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
  static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var older: [Int] = []
    var old = Array(0...right.count)
    for (i, letter) in left.enumerated() {
      var row = [i + 1]
      for (j, other) in right.enumerated() {
        var best = min(old[j + 1] + 1, row[j] + 1, old[j] + (letter == other ? 0 : 1))
        if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other { best = min(best, older[j - 1] + 1) }
        row.append(best)
      }
      (older, old) = (old, row)
    }
    return old[right.count]
  }

  /// "did you mean `x`?", if something is near.
  public static func suggestion(_ word: String, in candidates: some Sequence<String>) -> String? {
    of(word, in: candidates).map { "did you mean `\($0)`?" }
  }
}
