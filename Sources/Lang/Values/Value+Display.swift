import Foundation

extension Value {
  /// Bytes after which a value that is shown ends in an ellipsis.
  private static let shownBytes = 64 << 20

  /// How the value is written in the language: strings quoted.
  public var display: String {
    var writer = ValueWriter(limitBytes: Self.shownBytes)
    writer.write(self)
    return writer.isCut ? writer.text + "…" : writer.text
  }

  /// How the value prints and interpolates: a string as it is.
  public var text: String { if case .string(let text) = self { text } else { display } }

  /// The same as part of a text; throws `Problem` K057 where it would be longer than a text may be.
  func text(limits: Limits, at span: Span?) throws -> String {
    if case .string(let text) = self { return text }
    var writer = ValueWriter(limitBytes: limits.textBytes)
    writer.write(self)
    if writer.isCut { throw Problem.textTooLong(limits.textBytes, at: span) }
    return writer.text
  }

  static func percent(_ share: Double) -> String { String(format: "%.10g%%", share * 100) }

  /// Exact: the largest unit that divides the size.
  static func size(_ bytes: Int) -> String {
    for (unit, factor) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where bytes != 0 && bytes % factor == 0 {
      return "\(bytes / factor)\(unit)"
    }
    return "\(bytes)B"
  }

  static func isWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, Lexer.isWordStart(first) else { return false }
    return text.utf8.allSatisfy(Lexer.isWordPart)
  }

  static func quoted(_ text: String) -> String {
    "\""
      + text.replacingScalars([
        "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "{": "\\{",
      ]) + "\""
  }
}

extension Value: CustomStringConvertible {
  public var description: String { display }
}
