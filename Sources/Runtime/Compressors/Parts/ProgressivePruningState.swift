import KernelABI

/// Which tokens of one sequence are active, computed or waiting in each stage: the layers from behind one place where
/// tokens leave to the next such place. All layers of a stage have the same tokens in the same slots.
final class ProgressivePruningState: FlowState {
  private struct Stage {
    /// Position of each slot of the stage's layers.
    var slots: [Int32] = []
    /// By position: has keys and values in this stage.
    var isComputed: [Bool] = []
    /// By position: is seen in this pass.
    var isActive: [Bool] = []
    var activeCount = 0
    /// By slot, for this pass; nil if all are seen.
    var visible: [Bool]?
    /// Tokens that have been computed up to here and no further.
    var waiting: ParkedStates
  }

  private let rule: ProgressivePruning
  private let boundaries: [(layer: Int, kept: Double)]
  private let stageOfLayer: [Int]
  private var stages: [Stage]
  private var tokens = 0

  init(_ rule: ProgressivePruning, boundaries: [(layer: Int, kept: Double)], shape: CacheShape, hidden: Int) {
    self.rule = rule
    self.boundaries = boundaries
    stageOfLayer = (0..<shape.layers).map { layer in boundaries.count { $0.layer < layer } }
    stages = (0...boundaries.count).map { _ in Stage(waiting: ParkedStates(hidden: hidden, element: shape.element)) }
  }

  func begin(_ tokens: Range<Int>) {
    self.tokens = tokens.upperBound
    for index in stages.indices {
      let missing = repeatElement(false, count: self.tokens - stages[index].isComputed.count)
      stages[index].isComputed += missing
      stages[index].isActive = [Bool](repeating: index == 0, count: self.tokens)
      stages[index].activeCount = index == 0 ? self.tokens : 0
    }
  }

  func enter(layer: Int, positions: [Int]) -> [Int] {
    let index = stageOfLayer[layer]
    // The later layers of a stage go on with what its first one began with.
    guard layer == 0 || stageOfLayer[layer - 1] != index else { return [] }
    let coming = Set(positions)
    let returning = (0..<tokens).filter {
      stages[index].isActive[$0] && !stages[index].isComputed[$0] && !coming.contains($0)
    }
    for position in (positions + returning).sorted() {
      stages[index].isComputed[position] = true
      stages[index].slots.append(Int32(truncatingIfNeeded: position))
    }
    let stage = stages[index]
    let hasReturned =
      zip(stage.slots, stage.slots.dropFirst()).contains { $0 > $1 } && positions.count + returning.count > 1
    stages[index].visible =
      stage.activeCount == stage.slots.count && !hasReturned ? nil : stage.slots.map { stage.isActive[Int($0)] }
    return returning
  }

  func take(layer: Int, position: Int, into hidden: UnsafeMutablePointer<Float>) {
    let found = stages[stageOfLayer[layer]].waiting.take(position, into: hidden)
    precondition(found, "a token that is active and not computed waits where it left")
  }

  func positions(layer: Int) -> [Int32] { stages[stageOfLayer[layer]].slots }
  func visible(layer: Int) -> [Bool]? { stages[stageOfLayer[layer]].visible }

  private func boundary(_ layer: Int) -> (layer: Int, kept: Double)? { boundaries.first { $0.layer == layer } }

  func observedQueries(layer: Int) -> Int { boundary(layer).map { $0.kept < 1 ? 1 : 0 } ?? 0 }

  func observe(layer: Int, weights: [Float], queries: Int) {
    guard let boundary = boundary(layer) else { return }
    let index = stageOfLayer[layer]
    let stage = stages[index]
    let candidates = zip(stage.slots, weights).filter { stage.isActive[Int($0.0)] }
      .map { (position: Int($0.0), weight: $0.1) }
    let remaining = ProgressivePruning.remaining(candidates, kept: boundary.kept, pin: rule.pin, sink: rule.sink)
    for position in remaining { stages[index + 1].isActive[position] = true }
    stages[index + 1].activeCount = remaining.count
  }

  func stay(layer: Int, positions: [Int]) -> [Bool]? {
    guard let boundary = boundary(layer) else { return nil }
    let index = stageOfLayer[layer]
    guard boundary.kept < 1 else {
      stages[index + 1].isActive = stages[index].isActive
      stages[index + 1].activeCount = stages[index].activeCount
      return nil
    }
    let staying = positions.map { stages[index + 1].isActive[$0] }
    return staying.contains(false) ? staying : nil
  }

  func park(layer: Int, position: Int, hidden: UnsafePointer<Float>) {
    stages[stageOfLayer[layer] + 1].waiting.put(position, hidden)
  }

  var bytes: ByteCount {
    var count = ByteCount()
    for stage in stages {
      count.metadata += stage.waiting.bytes + stage.slots.count * MemoryLayout<Int32>.size + stage.isComputed.count
    }
    return count
  }

  // MARK: For tests and inspection

  /// Positions of the tokens that each stage computed or saw in the last pass.
  var active: [[Int]] { stages.map { stage in stage.isActive.indices.filter { stage.isActive[$0] } } }
  /// Positions of the tokens that wait before each stage.
  var waiting: [[Int]] { stages.map { $0.waiting.positions.map(Int.init).sorted() } }
}
