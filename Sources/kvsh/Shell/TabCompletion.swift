import Lang

/// Turns what could stand at the cursor into what the Tab key does: the common beginning is typed, choices are listed.
struct TabCompletion {
  /// What one press of the Tab key does.
  struct Offer: Equatable {
    /// Characters (Unicode scalars) before the cursor that go.
    var deleted = 0
    /// What is typed in their place.
    var inserted = ""
    /// Several choices, or one that is only a hint, to be listed; each replaces the line from `wordStart` on.
    var choices: [Completion] = []
    /// UTF-8 offset in the line.
    var wordStart = 0
  }

  /// - Parameters:
  ///   - candidates: completions of the same range, in UTF-8 bytes of `text`.
  ///   - text: the whole input up to the end of the line being typed.
  ///   - lineStart: where that line begins in the text.
  ///   - cursor: a place in the text.
  static func offer(_ candidates: [Completion], text: String, lineStart: Int, cursor: Int) -> Offer? {
    guard let first = candidates.first else { return nil }
    let range = first.range
    guard range.lowerBound >= lineStart, range.lowerBound <= cursor, cursor <= text.utf8.count else { return nil }
    let choices = candidates.filter { $0.range == range }
    let bytes = Array(text.utf8)
    let word = String(decoding: bytes[range.lowerBound..<cursor], as: UTF8.self)
    if choices.allSatisfy({ $0.kind == .hint }) {
      return Offer(choices: choices, wordStart: range.lowerBound - lineStart)
    }
    var typed = commonBeginning(choices.map(\.text))
    if choices.count == 1 {
      let next = cursor < bytes.count ? bytes[cursor] : 0x0A
      if endsWord(first), next != 0x20 { typed += " " }
    }
    // Choices that differ from the word in their letters' form share less than what is typed: leave it.
    if !typed.hasPrefix(word) { typed = word }
    var offer = Offer(wordStart: range.lowerBound - lineStart)
    if typed != word {
      offer.deleted = word.unicodeScalars.count
      offer.inserted = typed
    }
    if choices.count > 1 { offer.choices = choices }
    return typed == word && choices.count == 1 ? nil : offer
  }

  /// A blank follows what cannot be continued.
  private static func endsWord(_ completion: Completion) -> Bool {
    switch completion.kind {
    case .parameter, .function, .field: false
    case .command, .name, .value, .hint, .variable, .column, .keyword: !completion.text.hasSuffix("/")
    }
  }

  static func commonBeginning(_ texts: [String]) -> String {
    guard var common = texts.first else { return "" }
    for text in texts.dropFirst() { common = common.commonPrefix(with: text) }
    return common
  }
}
