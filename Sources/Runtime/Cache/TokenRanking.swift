/// What a keep policy chose one head's tokens by, for inspection.
public struct TokenRanking: Equatable, Sendable {
  /// Score of each slot; empty where tokens are chosen by their place alone.
  public var scores: [Float]  // [slots]
  /// First tokens of the text that no ranking touches.
  public var sink: Int
  /// Newest tokens that no ranking touches.
  public var recent: Int

  public init(scores: [Float] = [], sink: Int = 0, recent: Int = 0) {
    self.scores = scores
    self.sink = sink
    self.recent = recent
  }
}
