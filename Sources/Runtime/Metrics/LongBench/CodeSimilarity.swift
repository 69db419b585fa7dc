/// LongBench's `code_sim_score`: how like the first line of code is to the right one, in whole hundredths.
public enum CodeSimilarity: String, Sendable, CaseIterable {
  /// 2 LCS / (|a| + |b|), as fuzzywuzzy computes it where python-Levenshtein is installed: the second paper's numbers.
  case levenshtein
  /// `difflib`'s ratio, as fuzzywuzzy computes it alone: LongBench's own requirements.
  case difflib

  func score(_ prediction: String, _ answer: String) -> Double {
    let line = Self.firstLineOfCode(prediction)
    let right = CodePoints(answer.unicodeScalars)
    if line == right { return 1 }
    if line.isEmpty || right.isEmpty { return 0 }
    let ratio: Double =
      switch self {
      case .difflib: MatchingBlocks(line, right).ratio
      case .levenshtein: 2 * Double(Self.commonLength(line, right)) / Double(line.count + right.count)
      }
    return (100 * ratio).rounded(.toNearestOrEven) / 100
  }

  /// The first line without a backtick, a hash or two slashes, after leading newlines; empty if there is none.
  static func firstLineOfCode(_ text: String) -> CodePoints {
    text.unicodeScalars.drop { $0 == "\n" }.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
      .first { !$0.contains("`") && !$0.contains("#") && !$0.contains(text: ["/", "/"]) } ?? []
  }

  /// Length of the longest common subsequence.
  private static func commonLength(_ a: CodePoints, _ b: CodePoints) -> Int {
    var row = [Int](repeating: 0, count: b.count + 1)
    for scalar in a {
      var diagonal = 0
      for column in 1..<row.count {
        let above = row[column]
        row[column] = scalar == b[column - 1] ? diagonal + 1 : max(above, row[column - 1])
        diagonal = above
      }
    }
    return row[b.count]
  }
}
