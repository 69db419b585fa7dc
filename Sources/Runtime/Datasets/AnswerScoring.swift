/// How an answer is judged against the reference of its request; a data set's card names its rule.
public enum AnswerScoring: String, Sendable {
  /// 1 if the first number of the answer is the reference, digit by digit, else 0.
  case firstNumber

  /// The score of an answer, 0...1.
  public func score(_ answer: String, reference: String) -> Double {
    switch self {
    case .firstNumber: Self.firstNumber(of: answer) == reference ? 1 : 0
    }
  }

  /// The first run of ASCII digits; nil if there is none.
  static func firstNumber(of text: String) -> String? {
    let digits = text.drop { !isDigit($0) }.prefix(while: isDigit)
    return digits.isEmpty ? nil : String(digits)
  }

  private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
}
