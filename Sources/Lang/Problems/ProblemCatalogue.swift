/// Every problem code with a title and an explanation, for `help K012`.
public struct ProblemCatalogue: Sendable {
  public struct Entry: Hashable, Sendable {
    public let code: String
    public let title: String
    public let explanation: String

    public init(_ code: String, _ title: String, _ explanation: String) {
      self.code = code
      self.title = title
      self.explanation = explanation
    }
  }

  public private(set) var entries: [Entry]

  public init(_ entries: [Entry]) { self.entries = entries }

  public subscript(code: String) -> Entry? { entries.first { $0.code == code.uppercased() } }

  /// This catalogue with the host's codes added.
  public func adding(_ more: [Entry]) -> ProblemCatalogue { ProblemCatalogue(entries + more) }
}
