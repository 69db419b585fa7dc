/// Text as Python's `str` sees it: code points, compared one by one.
///
/// A Swift `String` holds "é" equal to "e" with an accent; LongBench's metrics do not, so they are computed here.
typealias CodePoints = [Unicode.Scalar]

extension Unicode.Scalar {
  /// `str.isspace` of one character, which is what `str.split` splits at: White_Space and U+001C to U+001F.
  var isPythonSpace: Bool { properties.isWhitespace || (0x1c...0x1f).contains(value) }

  /// `\w` of Python's `re`: letters, anything numeric, and the underscore; combining marks are none of them.
  var isPythonWord: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
    default: self == "_" || properties.numericType != nil
    }
  }

  /// `\d` of Python's `re`: decimal digits of any script.
  var isPythonDigit: Bool { properties.generalCategory == .decimalNumber }
}

extension Collection where Element == Unicode.Scalar {
  /// `str.split()`: the runs between white space.
  func splitAtSpace() -> [CodePoints] {
    split(omittingEmptySubsequences: true, whereSeparator: { $0.isPythonSpace }).map { CodePoints($0) }
  }

  /// `str.lower()`: full case mapping, a final capital sigma included.
  func pythonLowercased() -> CodePoints {
    let all = Array(self)
    var lower = CodePoints()
    lower.reserveCapacity(all.count)
    for (place, scalar) in all.enumerated() {
      if scalar == "\u{3A3}" {
        lower.append(Self.endsWord(all, place) ? "\u{3C2}" : "\u{3C3}")
      } else {
        lower.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return lower
  }

  /// Unicode's Final_Sigma: a cased letter before, none after, case-ignorable ones passed over.
  private static func endsWord(_ all: CodePoints, _ place: Int) -> Bool {
    let before = all[..<place].last { !$0.properties.isCaseIgnorable }
    let after = all[(place + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }

  /// `re.findall(r"\d+", text)`.
  func digitRuns() -> [CodePoints] {
    split(omittingEmptySubsequences: true, whereSeparator: { !$0.isPythonDigit }).map { CodePoints($0) }
  }
}

extension Array where Element == Unicode.Scalar {
  /// `other in text`.
  func contains(text other: CodePoints) -> Bool { firstPlace(of: other) != nil }

  /// `text.find(other)`; nil if it is not there.
  func firstPlace(of other: CodePoints) -> Int? {
    guard let first = other.first else { return 0 }
    guard other.count <= count else { return nil }
    return (0...(count - other.count)).first { place in
      self[place] == first && self[place..<(place + other.count)].elementsEqual(other)
    }
  }
}
