/// Tokens that the newest query weighs least leave behind some layers, wait with their hidden states, and come back when
/// it weighs them enough again (sheet lazyllm).
struct ProgressivePruning: TokenFlow {
  /// Where tokens leave: shares of the depth, ascending.
  let places: [Double]
  /// The share of a layer's tokens that goes on, for each place.
  let kept: [Double]
  /// Newest and first tokens that never leave.
  let pin: Int
  let sink: Int

  func check(shape: CacheShape) throws {}

  /// Layers, from 0, behind which tokens leave, with the share that goes on. A place on the layer of the one before it or
  /// behind the last layer, where nothing is left to save, counts for nothing.
  func boundaries(layers: Int) -> [(layer: Int, kept: Double)] {
    var found: [(layer: Int, kept: Double)] = []
    for (place, kept) in zip(places, kept) {
      let layer = max(0, Int((place * Double(layers)).rounded()) - 1)
      if layer < layers - 1, layer > found.last?.layer ?? -1 { found.append((layer, kept)) }
    }
    return found
  }

  /// The tokens that go on, ascending by slot: the least weighed of those that may leave do not; ties keep the later one.
  ///
  /// - Parameters:
  ///   - candidates: position and weight of each token of the layer, the newest included.
  static func remaining(
    _ candidates: [(position: Int, weight: Float)], kept: Double, pin: Int, sink: Int
  ) -> [Int] {
    // A share such as 0.9 is a little less than it says.
    let leaving = Int(((1 - kept) * Double(candidates.count) + 1e-9).rounded(.down))
    let newest = (candidates.map(\.position).max() ?? 0) - max(1, pin)
    let weakest = candidates.filter { $0.position >= sink && $0.position <= newest }
      .sorted { $0.weight != $1.weight ? $0.weight < $1.weight : $0.position < $1.position }
      .prefix(max(0, min(leaving, candidates.count - 1)))
    let gone = Set(weakest.map(\.position))
    return candidates.map(\.position).filter { !gone.contains($0) }
  }

  func makeState(shape: CacheShape, hidden: Int) -> any FlowState {
    ProgressivePruningState(self, boundaries: boundaries(layers: shape.layers), shape: shape, hidden: hidden)
  }

  func mostBytes(tokens: Int, shape: CacheShape, hidden: Int) -> Int {
    let stages = boundaries(layers: shape.layers).count + 1
    return tokens * (ParkedStates.bytes(hidden: hidden, shape.element) + stages * (MemoryLayout<Int32>.size + 1))
  }
}
