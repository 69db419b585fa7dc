/// The tokens of a pair of layers that were too different to be merged, by slot, the same for all heads.
final class RetainedTokens {
  private(set) var slots: [Int32] = []

  /// Adds a slot behind all others.
  func append(_ slot: Int) { slots.append(Int32(truncatingIfNeeded: slot)) }

  /// Places in `slots` of those in a range.
  func places(_ tokens: Range<Int>) -> Range<Int> { firstPlace(tokens.lowerBound)..<firstPlace(tokens.upperBound) }

  /// The place of a slot, if it is retained.
  func place(_ slot: Int) -> Int? {
    let place = firstPlace(slot)
    return place < slots.count && Int(slots[place]) == slot ? place : nil
  }

  /// The first place whose slot is not below the given one.
  private func firstPlace(_ slot: Int) -> Int {
    var low = 0
    var high = slots.count
    while low < high {
      let middle = (low + high) / 2
      if Int(slots[middle]) < slot { low = middle + 1 } else { high = middle }
    }
    return low
  }

  var bytes: Int { slots.count * MemoryLayout<Int32>.size }
}
