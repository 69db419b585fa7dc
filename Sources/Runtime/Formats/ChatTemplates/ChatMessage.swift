/// Who speaks in a turn of a conversation; the raw values are the words that templates print.
public enum ChatRole: String, CaseIterable, Codable, Sendable {
  case system
  case user
  case assistant
}

/// One turn of a conversation.
public struct ChatMessage: Codable, Equatable, Sendable {
  public var role: ChatRole
  public var content: String

  public init(_ role: ChatRole, _ content: String) {
    self.role = role
    self.content = content
  }
}
