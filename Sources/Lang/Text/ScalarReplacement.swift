extension String {
  /// The text with each of these scalars written another way.
  ///
  /// Formats know scalars, not the characters a reader sees: a quote under a combining accent is one character that is not
  /// a quote, and a carriage return with a line feed is one that is neither.
  public func replacingScalars(_ replacements: [Unicode.Scalar: String]) -> String {
    guard unicodeScalars.contains(where: { replacements[$0] != nil }) else { return self }
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let other = replacements[scalar] {
        result.append(contentsOf: other.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
