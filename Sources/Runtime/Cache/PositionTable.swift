/// The position of every slot of one head, or of all heads of a layer that keep the same tokens.
final class PositionTable {
  private(set) var positions: [Int32] = []
  /// Positions of the tokens that a store with two tiers has moved to the lower one, in the order of its slots.
  private(set) var demoted: [Int32] = []
  /// The same ascending; kept only where slots are renumbered.
  private var sorted: [Int32] = []
  private let renumbers: Bool
  /// Column sums of the current prompt [slots], if the policy asked for them.
  var columnSums: [Float] = []

  init(renumbers: Bool) { self.renumbers = renumbers }

  var bytes: Int { (demoted.count + positions.count) * MemoryLayout<Int32>.size }

  /// Positions of all slots of the store: the lower tier's come first.
  var stored: [Int32] { demoted.isEmpty ? positions : demoted + positions }

  /// Takes over what another table says.
  func copy(_ other: PositionTable) {
    (positions, demoted, sorted) = (other.positions, other.demoted, other.sorted)
  }

  func append(_ position: Int32) {
    positions.append(position)
    if renumbers { sorted.append(position) }
  }

  func keep(_ slots: [Int]) {
    positions = slots.map { positions[$0] }
    if renumbers { sorted = positions.sorted() }
  }

  /// Moves all slots but the given ones, ascending, to the lower tier.
  func demote(keeping slots: [Int]) {
    var next = slots.makeIterator()
    var kept = next.next()
    for slot in positions.indices {
      if slot == kept { kept = next.next() } else { demoted.append(positions[slot]) }
    }
    keep(slots)
  }

  /// Moves one slot to the lower tier; the last slot takes its place.
  func demote(_ slot: Int) {
    demoted.append(positions[slot])
    remove(slot)
  }

  /// Moves the last slot into the place of the dropped one.
  func remove(_ slot: Int) {
    let position = positions[slot]
    positions.swapAt(slot, positions.count - 1)
    positions.removeLast()
    if renumbers, let index = index(of: position) { sorted.remove(at: index) }
  }

  private func index(of position: Int32) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < position { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == position ? low : nil
  }

  /// Slots of a range, in order, with the angle the query is to be turned by so that distances are those of ranks.
  ///
  /// Keys stay as they were rotated at their positions. A key of position p and rank r wants the query, rotated at
  /// position `query`, to stand at (tokens - 1) - r + p instead: a turn that is the same for every run of neighbours.
  func runs(in range: Range<Int>, query: Int32) -> [(slots: Range<Int>, turn: Int32)] {
    var starts: [(position: Int32, turn: Int32)] = []
    for (rank, position) in sorted.enumerated() where rank == 0 || sorted[rank - 1] != position - 1 {
      starts.append((position, Int32(sorted.count - 1 - rank) + position - query))
    }
    func turn(_ position: Int32) -> Int32 {
      var found: Int32 = 0
      for start in starts {
        if start.position > position { break }
        found = start.turn
      }
      return found
    }
    var runs: [(slots: Range<Int>, turn: Int32)] = []
    for slot in range {
      let turn = turn(positions[slot])
      if let last = runs.last, last.turn == turn {
        runs[runs.count - 1].slots = last.slots.lowerBound..<slot + 1
      } else {
        runs.append((slot..<slot + 1, turn))
      }
    }
    return runs
  }
}
