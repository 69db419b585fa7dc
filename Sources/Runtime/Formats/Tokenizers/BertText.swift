import Foundation

/// Text as BERT's tokenizers see it: cleaned, lower-cased, without accents, and cut into words.
///
/// Source: `BertNormalizer` and `BertPreTokenizer` of the tokenizers library, of which this is the same order of steps.
struct BertText: Equatable, Sendable {
  /// Whether control characters leave and every whitespace becomes a space.
  var cleans = true
  /// Whether each CJK ideograph is a word.
  var separatesIdeographs = true
  var stripsAccents = true
  var lowercases = true

  /// The words of a stretch of text, each as its characters.
  func words(_ text: String) -> [[Unicode.Scalar]] {
    var words: [[Unicode.Scalar]] = []
    var word: [Unicode.Scalar] = []
    func endWord() {
      if !word.isEmpty { words.append(word) }
      word.removeAll(keepingCapacity: true)
    }
    for scalar in normalised(text) {
      if Self.isWhitespace(scalar) {
        endWord()
      } else if Self.isPunctuation(scalar) {
        endWord()
        words.append([scalar])
      } else {
        word.append(scalar)
      }
    }
    endWord()
    return words
  }

  /// The characters after every step of the normaliser.
  func normalised(_ text: String) -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(text.utf8.count)
    var isAscii = true
    for scalar in text.unicodeScalars {
      if !scalar.isASCII { isAscii = false }
      guard cleans else {
        scalars.append(scalar)
        continue
      }
      if Self.isDropped(scalar) { continue }
      scalars.append(Self.isWhitespace(scalar) ? " " : scalar)
    }
    if isAscii { return lowercases ? scalars.map(Self.asciiLowercase) : scalars }
    if separatesIdeographs {
      scalars = scalars.flatMap { Self.isIdeograph($0) ? [" ", $0, " "] : [$0] }
    }
    if stripsAccents {
      let decomposed = String(String.UnicodeScalarView(scalars)).decomposedStringWithCanonicalMapping
      scalars = decomposed.unicodeScalars.filter { Self.category($0) != .nonspacingMark }
    }
    // Character by character: a sigma at the end of a word is as any other.
    return lowercases ? scalars.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) } : scalars
  }

  private static func asciiLowercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    (0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar
  }

  static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  /// The general category, as far as the library's tables go, which are those of Unicode 8: a later character is a letter
  /// like any other to it.
  private static func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    let properties = scalar.properties
    guard let age = properties.age, age.major <= 8 else {
      return properties.generalCategory == .privateUse ? .privateUse : .unassigned
    }
    return properties.generalCategory
  }

  /// Control, format and private characters, and those that stand for a fault of the encoding.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": return false
    case "\0", "\u{FFFD}": return true
    default: break
    }
    switch category(scalar) {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  /// Every ASCII character that is not a letter, a digit, a space or a control one, and Unicode's punctuation.
  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    case 0..<0x80: return false
    default: break
    }
    switch category(scalar) {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// The blocks of ideographs that BERT's tokenizers name; Hangul, Hiragana and Katakana are not among them.
  static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}
