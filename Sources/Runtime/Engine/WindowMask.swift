/// The slots of a head that are hidden from a query: by a layer's sliding window, those whose tokens lie `window` or more
/// positions of the text before it (transformers' `sliding_window_overlay`); by a token flow, those it has left out.
///
/// Positions are those of the text even where a method renumbers slots: the window belongs to the model.
struct WindowMask {
  /// Stands for the score of a hidden slot; no product of finite keys and queries is as low.
  static var hiddenScore: Float { -Float.greatestFiniteMagnitude }

  private let window: Int
  /// Position of every slot, or nil where slot i holds position i.
  private let positions: [Int32]?
  /// Whether queries see each slot that is not behind them; nil if they see all, and none is.
  private let visible: [Bool]?

  /// Nil for a layer that hides nothing: it has no window, and the token flow of its sequence lets all slots be seen.
  init?(_ cache: LayerCache, head: Int) {
    visible = cache.flow?.visible(layer: cache.layer)
    guard cache.window != nil || visible != nil else { return nil }
    window = cache.window ?? Int.max / 2
    if let flow = cache.flow {
      positions = flow.positions(layer: cache.layer)
      return
    }
    positions = cache.table(head: head).flatMap { $0.positions.count == cache.seenTokens ? nil : $0.stored }
  }

  /// The position of the text that a slot holds.
  func position(slot: Int) -> Int { positions.map { Int($0[slot]) } ?? slot }

  /// Slots before this one are hidden from the query and all later ones.
  func firstSlot(query: Int) -> Int { positions == nil ? max(0, query - window + 1) : 0 }

  /// Writes `value` where slots of the range are hidden from the query; `line[0]` is the range's first slot.
  func fill(_ line: UnsafeMutablePointer<Float>, _ range: Range<Int>, query: Int, with value: Float) {
    if let positions, let visible {
      for slot in range {
        let position = Int(positions[slot])
        if !visible[slot] || position > query || position <= query - window { line[slot - range.lowerBound] = value }
      }
    } else if let positions {
      for slot in range where Int(positions[slot]) <= query - window { line[slot - range.lowerBound] = value }
    } else {
      let end = min(range.upperBound, firstSlot(query: query))
      if end > range.lowerBound { line.update(repeating: value, count: end - range.lowerBound) }
    }
  }
}
