/// H2O's score at the end of a prompt: the attention each token has received from all queries (sheet h2o).
struct AttentionSum: TokenScorer {
  var needs: AttentionNeeds { AttentionNeeds(columnSums: .causal) }
  func promptScores(_ view: HeadView, head: Int) -> [Float] { view.columnSums }
}
