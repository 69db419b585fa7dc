/// LongBench's `retrieval_score`, `retrieval_zh_score` and `count_score`: the share of numbers in the text that are right.
enum NumberScore {
  /// Numbers compare as they are written: "012" is not "12".
  static func score(_ prediction: String, number: CodePoints) -> Double {
    let numbers = prediction.unicodeScalars.digitRuns()
    return numbers.isEmpty ? 0 : Double(numbers.count { $0 == number }) / Double(numbers.count)
  }

  static func count(_ prediction: String, _ answer: String) -> Double {
    score(prediction, number: CodePoints(answer.unicodeScalars))
  }

  /// The number behind the first `marker` ("Paragraph ", "段落") of the answer; nil if there is none.
  static func paragraph(_ answer: String, behind marker: String) -> CodePoints? {
    let marker = CodePoints(marker.unicodeScalars)
    var rest = CodePoints(answer.unicodeScalars)
    while let place = rest.firstPlace(of: marker) {
      rest = CodePoints(rest[(place + marker.count)...])
      let digits = CodePoints(rest.prefix { $0.isPythonDigit })
      if !digits.isEmpty { return digits }
    }
    return nil
  }
}
