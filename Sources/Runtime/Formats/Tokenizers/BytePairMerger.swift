/// Merges the smallest tokens of one piece, bytes or characters, into longer ones: always the pair of lowest rank, the leftmost of several.
///
/// The pieces left are a linked list and the pairs that could merge a heap, so a piece of n bytes takes n log n steps.
/// The arrays are kept from piece to piece.
struct BytePairMerger {
  private var tokens: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// What the token at an index and the one after it become; `.none` also where the token has been merged away.
  private var merges: [TokenPairs.Merge] = []
  /// Rank above, index below: the least is the next to merge. Entries whose rank has changed since are passed over.
  private var heap: [UInt64] = []

  /// Appends the tokens of `piece`; bytes that have no token of their own (`byteTokens` -1) are left out.
  mutating func append(
    _ piece: Slice<UnsafeBufferPointer<UInt8>>, byteTokens: [Int32], pairs: TokenPairs, to ids: inout [Int32]
  ) {
    tokens.removeAll(keepingCapacity: true)
    for byte in piece where byteTokens[Int(byte)] >= 0 { tokens.append(byteTokens[Int(byte)]) }
    merge(pairs, to: &ids)
  }

  /// Appends what `symbols` merge into; those that no pair has stay as they are.
  mutating func append(_ symbols: [Int32], pairs: TokenPairs, to ids: inout [Int32]) {
    tokens.removeAll(keepingCapacity: true)
    tokens.append(contentsOf: symbols)
    merge(pairs, to: &ids)
  }

  private mutating func merge(_ pairs: TokenPairs, to ids: inout [Int32]) {
    let count = tokens.count
    guard count > 1 else {
      ids.append(contentsOf: tokens)
      return
    }
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    merges.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count {
      previous.append(Int32(truncatingIfNeeded: index &- 1))
      next.append(index + 1 < count ? Int32(truncatingIfNeeded: index &+ 1) : -1)
      merges.append(.none)
    }
    for index in 0..<count - 1 { offer(index, pairs) }
    while let entry = popLeast() {
      let index = Int(entry & 0xFFFF_FFFF)
      let merge = merges[index]
      guard merge.rank == UInt32(truncatingIfNeeded: entry >> 32) else { continue }
      let right = Int(next[index])
      tokens[index] = merge.token
      merges[right] = .none
      next[index] = next[right]
      if next[index] >= 0 { previous[Int(next[index])] = Int32(truncatingIfNeeded: index) }
      offer(index, pairs)
      if previous[index] >= 0 { offer(Int(previous[index]), pairs) }
    }
    var index = 0
    while index >= 0 {
      ids.append(tokens[index])
      index = Int(next[index])
    }
  }

  /// Looks up the pair that begins at `index` and puts it on the heap if it merges.
  private mutating func offer(_ index: Int, _ pairs: TokenPairs) {
    let right = Int(next[index])
    let merge = right >= 0 ? pairs[tokens[index], tokens[right]] : .none
    merges[index] = merge
    guard merge.rank != .max else { return }
    push(UInt64(merge.rank) << 32 | UInt64(index))
  }

  private mutating func push(_ entry: UInt64) {
    var child = heap.count
    heap.append(entry)
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry < heap[parent] else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  private mutating func popLeast() -> UInt64? {
    guard let least = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return least }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < last else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return least
  }
}
