/// Tokens that no selection touches: the first of the text and the newest.
struct Protection: Equatable, Sendable {
  var sink = 0
  var recent = 0

  /// Whether a token is protected once `seenTokens` tokens of the text have been read.
  func covers(_ position: Int32, seenTokens: Int) -> Bool { position < sink || Int(position) >= seenTokens - recent }

  /// What either protects.
  func union(_ other: Protection) -> Protection {
    Protection(sink: max(sink, other.sink), recent: max(recent, other.recent))
  }
}
