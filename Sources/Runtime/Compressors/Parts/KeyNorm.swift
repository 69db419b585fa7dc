/// Knorm's score: minus the norm of the key; low norms go with high attention (sheet knorm).
struct KeyNorm: TokenScorer {
  enum Order: String, Sendable, CaseIterable {
    case low
    case high
    case random
  }

  /// Which norms are kept; high and random are the paper's controls.
  let order: Order

  var needs: AttentionNeeds { AttentionNeeds() }
  var stepNeeds: AttentionNeeds? { AttentionNeeds() }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    if order == .random {
      let noise = Noise(seed: 0, sample: "knorm", step: (view.layer?.layer ?? 0) << 16 + head)
      return view.positions.map { Float(Noise.uniform(noise.bits(token: Int($0)))) }
    }
    let norms = RowNorms.norms(view.keys(head: head), width: view.headDim)
    return order == .low ? norms.map { -$0 } : norms
  }

  func stepScores(_ view: HeadView, head: Int, weights: [Float]) -> [Float] { promptScores(view, head: head) }
}
