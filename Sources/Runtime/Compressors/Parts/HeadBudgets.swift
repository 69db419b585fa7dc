/// How a layer's budget is spread over its KV heads.
enum HeadBudgets: Equatable, Sendable {
  /// The same for every head.
  case uniform
  /// Ada-KV as its code has it: a head's share of the layer's best scores, mixed with a uniform share `alpha`, rounded
  /// (sheet adakv, steps 3-4). Sums may miss the budget by the rounding.
  case mixed(alpha: Double)
  /// Ada-KV as kvpress has it: each head is sure of its best `alpha` of the budget, the rest goes to the layer's best.
  case guaranteed(alpha: Double)

  /// How many candidates each head keeps.
  ///
  /// - Parameters:
  ///   - scores: of each head's candidates.
  ///   - budget: tokens a head keeps in the mean, those that are protected included.
  ///   - protected: tokens of each head that stay anyway.
  func counts(_ scores: [[Float]], budget: Int, protected: [Int]) -> [Int] {
    let bases = protected.map { max(0, budget - $0) }
    switch self {
    case .uniform: return zip(bases, scores).map { min($0, $1.count) }
    case .mixed(let alpha):
      let won = winners(scores, total: bases.reduce(0, +), sure: bases.map { _ in 0 })
      return scores.indices.map { head in
        let floor = Int(alpha * Double(bases[head]))
        let mixed = Double(won[head]) * (1 - alpha) + Double(floor)
        return min(scores[head].count, Int(mixed.rounded(.toNearestOrEven)))
      }
    case .guaranteed(let alpha):
      let sure = scores.indices.map { max(0, min(scores[$0].count, Int(Double(budget) * alpha) - protected[$0])) }
      return winners(scores, total: bases.reduce(0, +), sure: sure)
    }
  }

  /// How many of the layer's `total` best scores each head has, its `sure` best ones before all others; ties by head.
  private func winners(_ scores: [[Float]], total: Int, sure: [Int]) -> [Int] {
    var counts = sure
    var rest: [(score: Float, head: Int)] = []
    for (head, scores) in scores.enumerated() {
      for score in scores.sorted(by: >).dropFirst(sure[head]) { rest.append((score, head)) }
    }
    rest.sort { $0.score != $1.score ? $0.score > $1.score : $0.head < $1.head }
    for (_, head) in rest.prefix(max(0, total - sure.reduce(0, +))) { counts[head] += 1 }
    return counts
  }
}
