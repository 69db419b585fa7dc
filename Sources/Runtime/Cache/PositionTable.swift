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

  /// Runs of neighbouring slots whose query turns alike, all slots in their order; empty where nothing turns.
  ///
  /// Keys stay as they were rotated at their positions. A key of position p and rank r wants the query, rotated at
  /// position `query`, to stand at (tokens - 1) - r + p instead: a turn that is the same for every run of neighbours.
  func turns(query: Int32) -> [SlotTurn] {
    guard renumbers else { return [] }
    var starts: [(position: Int32, turn: Int32)] = []
    sorted.withUnsafeBufferPointer { sorted in
      let newest = Int32(truncatingIfNeeded: sorted.count - 1)
      var before: Int32 = -2
      for (rank, position) in sorted.enumerated() {
        if position != before + 1 {
          starts.append((position, newest - Int32(truncatingIfNeeded: rank) + position - query))
        }
        before = position
      }
    }
    guard starts.contains(where: { $0.turn != 0 }) else { return [] }
    var turns: [SlotTurn] = []
    positions.withUnsafeBufferPointer { positions in
      // Slots stay long in one run of neighbours, from its start up to that of the next.
      var near: (from: Int32, to: Int32, turn: Int32) = (0, 0, 0)
      var first = 0
      for (slot, position) in positions.enumerated() where position < near.from || position >= near.to {
        let index = starts.lastIndex { $0.position <= position } ?? 0
        let turn = starts[index].turn
        if slot > 0, turn != near.turn {
          turns.append(SlotTurn(slots: first..<slot, turn: near.turn))
          first = slot
        }
        near = (starts[index].position, index + 1 < starts.count ? starts[index + 1].position : .max, turn)
      }
      if first < positions.count { turns.append(SlotTurn(slots: first..<positions.count, turn: near.turn)) }
    }
    return turns
  }
}

/// A run of slots, and by how many positions a query turns before it meets their keys.
struct SlotTurn: BitwiseCopyable {
  let turn: Int32
  private let first: Int
  private let end: Int

  init(slots: Range<Int>, turn: Int32) {
    self.turn = turn
    (first, end) = (slots.lowerBound, slots.upperBound)
  }

  var slots: Range<Int> { first..<end }
}
