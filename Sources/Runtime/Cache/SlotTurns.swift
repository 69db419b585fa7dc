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

/// Such runs of many tables, one table's behind the other's, in memory that goes on from step to step.
struct SlotTurns {
  private var runs = GrowingBuffer<SlotTurn>()
  private var starts = GrowingBuffer<Start>()
  private(set) var count = 0

  /// Where a run of neighbouring positions starts, and how it turns.
  private struct Start: BitwiseCopyable {
    let position: Int32
    let turn: Int32
  }

  var base: UnsafePointer<SlotTurn> { UnsafePointer(runs.base) }

  mutating func removeAll() { count = 0 }

  /// Appends the runs of a table, all slots in their order; nothing if nothing turns.
  ///
  /// Keys stay as they were rotated at their positions. A key of position p and rank r wants the query, rotated at
  /// position `query`, to stand at (tokens - 1) - r + p instead: a turn that is the same for every run of neighbours.
  ///
  /// - Parameters:
  ///   - positions: of the slots.
  ///   - sorted: the same ascending.
  mutating func append(
    positions: UnsafeBufferPointer<Int32>, sorted: UnsafeBufferPointer<Int32>, query: Int32
  ) {
    starts.reserve(sorted.count)
    var found = 0
    var turns = false
    let newest = Int32(truncatingIfNeeded: sorted.count - 1)
    var before: Int32 = -2
    for (rank, position) in sorted.enumerated() {
      if position != before + 1 {
        let turn = newest - Int32(truncatingIfNeeded: rank) + position - query
        starts.base[found] = Start(position: position, turn: turn)
        found += 1
        turns = turns || turn != 0
      }
      before = position
    }
    guard turns else { return }
    runs.reserve(count + positions.count, keeping: count)
    // Slots stay long in one run of neighbours, from its start up to that of the next.
    var near: (from: Int32, to: Int32, turn: Int32) = (0, 0, 0)
    var first = 0
    for (slot, position) in positions.enumerated() where position < near.from || position >= near.to {
      var index = found - 1
      while index > 0, starts.base[index].position > position { index -= 1 }
      let turn = starts.base[index].turn
      if slot > 0, turn != near.turn {
        add(first..<slot, near.turn)
        first = slot
      }
      near = (starts.base[index].position, index + 1 < found ? starts.base[index + 1].position : .max, turn)
    }
    if first < positions.count { add(first..<positions.count, near.turn) }
  }

  private mutating func add(_ slots: Range<Int>, _ turn: Int32) {
    runs.base[count] = SlotTurn(slots: slots, turn: turn)
    count += 1
  }
}
