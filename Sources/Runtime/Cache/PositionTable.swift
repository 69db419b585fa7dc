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

  /// Appends the runs of neighbouring slots whose query turns alike; none where nothing turns.
  func writeTurns(query: Int32, into turns: inout SlotTurns) {
    guard renumbers else { return }
    positions.withUnsafeBufferPointer { positions in
      sorted.withUnsafeBufferPointer { turns.append(positions: positions, sorted: $0, query: query) }
    }
  }

  /// The same of this table alone.
  func turns(query: Int32) -> [SlotTurn] {
    var turns = SlotTurns()
    writeTurns(query: query, into: &turns)
    return Array(UnsafeBufferPointer(start: turns.base, count: turns.count))
  }
}
