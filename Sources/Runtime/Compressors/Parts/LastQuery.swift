/// TOVA's score: the attention weights of the newest query (sheet tova, step 2).
struct LastQuery: TokenScorer {
  let gqa: GroupRule

  var needs: AttentionNeeds { AttentionNeeds(windowQueries: 1) }
  var stepNeeds: AttentionNeeds? { AttentionNeeds(stepWeights: true, stepRule: gqa) }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    let groupHeads = view.layer?.shape.groupHeads ?? 1
    let count = view.count
    var rows = [Float](repeating: 0, count: groupHeads * count)
    view.windowWeights(head: head) { _, groupHead, weights in
      for slot in 0..<count { rows[groupHead * count + slot] = weights[slot] }
    }
    return gqa.reduce(rows, group: groupHeads)
  }

  func stepScores(_ view: HeadView, head: Int, weights: [Float]) -> [Float] { weights }
}
