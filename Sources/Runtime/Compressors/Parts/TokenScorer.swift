/// A score per token and KV head; tokens with the highest scores are kept. An immutable value.
protocol TokenScorer: Sendable {
  var needs: AttentionNeeds { get }
  /// Tokens that the rule ranks never: the queries it looks from, or sinks it leaves out of its statistics.
  var protection: Protection { get }
  /// Statistics of decode steps that `stepScores` needs; nil if the rule cannot score while decoding.
  var stepNeeds: AttentionNeeds? { get }

  /// Scores of one KV head's slots at the end of a prompt or of a block of it; those of protected slots do not count.
  func promptScores(_ view: HeadView, head: Int) -> [Float]  // [slots]

  /// Scores of one KV head's slots after a decode step; `weights` are that step's attention weights, if asked for.
  func stepScores(_ view: HeadView, head: Int, weights: [Float]) -> [Float]  // [slots]
}

extension TokenScorer {
  var protection: Protection { Protection() }
  var stepNeeds: AttentionNeeds? { nil }
  func stepScores(_ view: HeadView, head: Int, weights: [Float]) -> [Float] { [] }
}
