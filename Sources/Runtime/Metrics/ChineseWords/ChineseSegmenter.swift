import Foundation

/// Cuts text into words as jieba's precise mode does: the likeliest way through the dictionary, and what it does not know
/// by the positions of characters in words.
///
/// Source: jieba 0.42.1, `Tokenizer.cut` with its hidden Markov model; LongBench's Chinese metrics are over these words.
public struct ChineseSegmenter: Sendable {
  private let dictionary: WordDictionary
  private let positions: CharacterPositions
  private let logTotal: Double

  /// - Parameter folder: jieba's `dict.txt`, `prob_start.py`, `prob_trans.py` and `prob_emit.py`.
  /// - Throws: `RuntimeProblem` K683 if one of them is not right.
  public init(folder: String) throws {
    dictionary = try WordDictionary(path: folder + "/dict.txt")
    positions = try CharacterPositions(folder: folder)
    logTotal = log(Double(dictionary.total))
  }

  /// The words in order; together they are the text.
  public func words(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var words: [ArraySlice<Unicode.Scalar>] = []
    var place = 0
    while place < scalars.count {
      let isWord = Self.isWordCharacter(scalars[place])
      let end = scalars[place...].firstIndex { Self.isWordCharacter($0) != isWord } ?? scalars.count
      if isWord { cut(scalars[place..<end], into: &words) } else { separate(scalars[place..<end], into: &words) }
      place = end
    }
    return words.map { String(String.UnicodeScalarView($0)) }
  }

  /// Punctuation and white space: each character alone, but a carriage return with its line feed.
  private func separate(_ text: ArraySlice<Unicode.Scalar>, into words: inout [ArraySlice<Unicode.Scalar>]) {
    var place = text.startIndex
    while place < text.endIndex {
      let isLineEnd = text[place] == "\r" && place + 1 < text.endIndex && text[place + 1] == "\n"
      let end = place + (isLineEnd ? 2 : 1)
      words.append(text[place..<end])
      place = end
    }
  }

  /// Characters that words are made of: Chinese ones, ASCII letters and digits, and + # & . _ % -.
  private func cut(_ text: ArraySlice<Unicode.Scalar>, into words: inout [ArraySlice<Unicode.Scalar>]) {
    let ends = likeliestEnds(text)
    var place = text.startIndex
    // Single characters in a row may be a word that the dictionary does not know.
    var loose = place
    while place < text.endIndex {
      let end = ends[place - text.startIndex]
      if end - place > 1 {
        join(text[loose..<place], into: &words)
        words.append(text[place..<end])
        loose = end
      }
      place = end
    }
    join(text[loose..<text.endIndex], into: &words)
  }

  /// Where the likeliest word from each place ends; of equally likely ones the longest. // [characters]
  private func likeliestEnds(_ text: ArraySlice<Unicode.Scalar>) -> [Int] {
    var ends = [Int](repeating: 0, count: text.count)
    // Of the rest of the text from each place on. // [characters + 1]
    var weights = [Double](repeating: 0, count: text.count + 1)
    for place in text.indices.reversed() {
      var best: (weight: Double, end: Int)?
      func consider(_ frequency: Int, _ end: Int) {
        let weight = log(Double(max(frequency, 1))) - logTotal + weights[end - text.startIndex]
        if best.map({ weight >= $0.weight }) ?? true { best = (weight, end) }
      }
      var (walked, end): (WordDictionary.Place, Int) = (0, place)
      while end < text.endIndex, let next = dictionary.place(behind: walked, text[end]) {
        (walked, end) = (next, end + 1)
        let frequency = dictionary.frequency(at: walked)
        if frequency > 0 { consider(frequency, end) }
      }
      if best == nil { consider(0, place + 1) }
      if let best { (weights[place - text.startIndex], ends[place - text.startIndex]) = best }
    }
    return ends
  }

  /// Single characters in a row: a word of the dictionary would have been likelier apart; others may be one.
  private func join(_ text: ArraySlice<Unicode.Scalar>, into words: inout [ArraySlice<Unicode.Scalar>]) {
    if text.count <= 1 || dictionary.frequency(of: text) > 0 {
      for place in text.indices { words.append(text[place...place]) }
      return
    }
    var place = text.startIndex
    while place < text.endIndex {
      let isChinese = Self.isChinese(text[place])
      let end = text[place...].firstIndex { Self.isChinese($0) != isChinese } ?? text.endIndex
      if isChinese { words += positions.words(text[place..<end]) } else { split(text[place..<end], into: &words) }
      place = end
    }
  }

  /// Letters and digits with a fraction and a percent sign behind them; what lies between stays in one piece.
  private func split(_ text: ArraySlice<Unicode.Scalar>, into words: inout [ArraySlice<Unicode.Scalar>]) {
    var place = text.startIndex
    while place < text.endIndex {
      var end = text[place...].firstIndex { !Self.isAlphanumeric($0) } ?? text.endIndex
      if end == place {
        end = text[place...].firstIndex(where: Self.isAlphanumeric) ?? text.endIndex
      } else {
        if end < text.endIndex, text[end] == "." {
          let digits = text[(end + 1)...].firstIndex { !("0"..."9").contains($0) } ?? text.endIndex
          if digits > end + 1 { end = digits }
        }
        if end < text.endIndex, text[end] == "%" { end += 1 }
      }
      words.append(text[place..<end])
      place = end
    }
  }

  private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "+", "#", "&", ".", "_", "%", "-": true
    default: isChinese(scalar) || isAlphanumeric(scalar)
    }
  }

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool { ("\u{4E00}"..."\u{9FD5}").contains(scalar) }

  private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": true
    default: false
    }
  }
}
