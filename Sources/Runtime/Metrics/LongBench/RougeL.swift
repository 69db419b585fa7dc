/// ROUGE-L at summary level as the package `rouge` 1.0.1 computes it, with its sets and its rounding constant.
///
/// Sentences end at every full stop, words are counted once each, and one growing set holds the words of the common
/// subsequences of every pair of sentences. Other packages' ROUGE-L differs by several points.
enum RougeL {
  /// Steps back through a table beyond which Python 3.11's recursion limit (1,000, less LongBench's own frames) ends the
  /// package's search; LongBench scores such a pair 0.
  static let stepLimit = 990

  static func score(_ prediction: String, _ answer: String) -> Double {
    score(prediction.unicodeScalars, answer.unicodeScalars)
  }

  /// Chinese, over the tokens of a segmenter joined with spaces; the Chinese full stop ends no sentence.
  static func chinese(_ prediction: [String], _ answer: [String]) -> Double {
    score(prediction.joined(separator: " "), answer.joined(separator: " "))
  }

  private static func score(_ prediction: String.UnicodeScalarView, _ answer: String.UnicodeScalarView) -> Double {
    var numbers: [CodePoints: Int] = [:]
    let predicted = sentences(prediction, &numbers)
    let expected = sentences(answer, &numbers)
    guard !predicted.isEmpty, !expected.isEmpty else { return 0 }
    var union: Set<Int> = []
    for reference in expected {
      for sentence in predicted {
        guard let common = commonWords(reference, sentence) else { return 0 }
        union.formUnion(common)
      }
    }
    let recall = Double(union.count) / Double(Set(expected.joined()).count)
    let precision = Double(union.count) / Double(Set(predicted.joined()).count)
    return 2 * ((precision * recall) / (precision + recall + 1e-8))
  }

  /// Words as numbers, sentence by sentence; a blank piece is one empty word.
  private static func sentences(_ text: String.UnicodeScalarView, _ numbers: inout [CodePoints: Int]) -> [[Int]] {
    text.split(separator: ".", omittingEmptySubsequences: true).map { piece in
      let words = piece.splitAtSpace()
      return (words.isEmpty ? [[]] : words).map { word in
        if let known = numbers[word] { return known }
        numbers[word] = numbers.count
        return numbers.count - 1
      }
    }
  }

  /// The words of one longest common subsequence; nil if the way back is longer than Python would go.
  private static func commonWords(_ reference: [Int], _ sentence: [Int]) -> [Int]? {
    let (rows, columns) = (reference.count, sentence.count)
    // Every step back leaves a row, a column or both, so the shorter side is the least there can be.
    guard min(rows, columns) <= stepLimit else { return nil }
    // Lengths are at most `stepLimit`. // [rows + 1, columns + 1]
    var table = [UInt16](repeating: 0, count: (rows + 1) * (columns + 1))
    let width = columns + 1
    for row in 1...rows {
      let word = reference[row - 1]
      let (above, here) = ((row - 1) * width, row * width)
      for column in 1...columns {
        table[here + column] =
          word == sentence[column - 1]
          ? table[above + column - 1] + 1 : max(table[above + column], table[here + column - 1])
      }
    }
    var words: [Int] = []
    var (row, column, steps) = (rows, columns, 0)
    while row > 0, column > 0 {
      steps += 1
      if steps > stepLimit { return nil }
      if reference[row - 1] == sentence[column - 1] {
        words.append(reference[row - 1])
        (row, column) = (row - 1, column - 1)
      } else if table[(row - 1) * width + column] > table[row * width + column - 1] {
        row -= 1
      } else {
        column -= 1
      }
    }
    return words
  }
}
