/// A text that a parameter names by its path: labels show where it lies, rows are keyed by what it says.
public struct NamedText: Equatable, Hashable, Sendable {
  public let path: String
  public let content: String
  /// Of the content; stands for it in the keys of rows.
  public let digest: String

  public init(path: String, content: String, digest: String) {
    self.path = path
    self.content = content
    self.digest = digest
  }
}

extension NamedText: CustomStringConvertible {
  /// The path as a user would type it.
  public var description: String {
    var text = String.UnicodeScalarView()
    for scalar in path.unicodeScalars {
      if "\\\"{}".unicodeScalars.contains(scalar) { text.append("\\") }
      text.append(scalar)
    }
    return "\"" + String(text) + "\""
  }
}
