/// The slots of a head that a layer's sliding window hides from a query: those whose tokens lie `window` or more
/// positions of the text before it (transformers' `sliding_window_overlay`).
///
/// Positions are those of the text even where a method renumbers slots: the window belongs to the model.
struct WindowMask {
  /// Stands for the score of a hidden slot; no product of finite keys and queries is as low.
  static let hiddenScore = -Float.greatestFiniteMagnitude

  private let window: Int
  /// Position of every slot, or nil where slot i holds position i.
  private let positions: [Int32]?

  /// Nil for a layer without a window.
  init?(_ cache: LayerCache, head: Int) {
    guard let window = cache.window else { return nil }
    self.window = window
    positions = cache.table(head: head).flatMap { $0.positions.count == cache.seenTokens ? nil : $0.positions }
  }

  /// The position of the text that a slot holds.
  func position(slot: Int) -> Int { positions.map { Int($0[slot]) } ?? slot }

  /// Slots before this one are hidden from the query and all later ones.
  func firstSlot(query: Int) -> Int { positions == nil ? max(0, query - window + 1) : 0 }

  /// Writes `value` where slots of the range are hidden from the query; `line[0]` is the range's first slot.
  func fill(_ line: UnsafeMutablePointer<Float>, _ range: Range<Int>, query: Int, with value: Float) {
    if let positions {
      for slot in range where Int(positions[slot]) <= query - window { line[slot - range.lowerBound] = value }
    } else {
      let end = min(range.upperBound, firstSlot(query: query))
      if end > range.lowerBound { line.update(repeating: value, count: end - range.lowerBound) }
    }
  }
}
