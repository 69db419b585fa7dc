/// LongBench's `qa_f1_score` and `qa_f1_zh_score`: F1 over the multiset of tokens.
enum TokenF1 {
  /// English: lower case, no ASCII punctuation, no articles, words between white space.
  static func english(_ prediction: String, _ answer: String) -> Double {
    score(normalised(prediction), normalised(answer))
  }

  /// Chinese, over the tokens of a segmenter: lower case, no punctuation or white space, empty tokens dropped.
  static func chinese(_ prediction: [String], _ answer: [String]) -> Double {
    score(prediction.compactMap(normalisedChinese), answer.compactMap(normalisedChinese))
  }

  static func score(_ prediction: [CodePoints], _ answer: [CodePoints]) -> Double {
    var left: [CodePoints: Int] = [:]
    for token in answer { left[token, default: 0] += 1 }
    var same = 0
    for token in prediction {
      guard let count = left[token], count > 0 else { continue }
      left[token] = count - 1
      same += 1
    }
    guard same > 0 else { return 0 }
    let precision = Double(same) / Double(prediction.count)
    let recall = Double(same) / Double(answer.count)
    return 2 * precision * recall / (precision + recall)
  }

  private static let articles: Set<CodePoints> = Set(["a", "an", "the"].map { Array($0.unicodeScalars) })

  /// Punctuation goes first, so "a/an" is one word and "brown-fox's" is "brownfoxs".
  static func normalised(_ text: String) -> [CodePoints] {
    let plain = text.unicodeScalars.pythonLowercased().filter { !isASCIIPunctuation($0) }
    var kept = CodePoints()
    var start = 0
    while start < plain.count {
      var end = start
      while end < plain.count, plain[end].isPythonWord { end += 1 }
      if end == start {
        kept.append(plain[start])
        start += 1
      } else {
        let word = Array(plain[start..<end])
        kept += articles.contains(word) ? [" "] : word
        start = end
      }
    }
    return kept.splitAtSpace()
  }

  /// Python's `string.punctuation`.
  private static func isASCIIPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: true
    default: false
    }
  }

  private static let chinesePunctuation = Set(
    "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏.".unicodeScalars)

  private static func normalisedChinese(_ token: String) -> CodePoints? {
    let kept = token.unicodeScalars.pythonLowercased().filter {
      !isASCIIPunctuation($0) && !chinesePunctuation.contains($0) && !$0.isPythonSpace
    }
    return kept.isEmpty ? nil : kept
  }
}
