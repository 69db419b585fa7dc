import KernelABI

/// One layer of one sequence: the store, which slots hold which positions, and what the keep policy remembers.
final class LayerCache {
  let layer: Int
  let shape: CacheShape
  /// Tokens of the text that a query of this layer sees, itself included; nil for all.
  let window: Int?
  let store: any LayerStore
  let needs: AttentionNeeds
  let renumbers: Bool
  private let keep: (any KeepState)?
  private let removesWhileDecoding: Bool
  /// One table a head, one for all of them, or none where no token ever leaves.
  private let tables: [PositionTable]
  private(set) var seenTokens = 0

  init(layer: Int, shape: CacheShape, slots: Slots, kernels: KernelTable) {
    self.layer = layer
    self.shape = shape
    window = layer < shape.windows.count ? shape.windows[layer] : nil
    store =
      slots.codec?.makeStore(shape: shape, layer: layer, kernels: kernels)
      ?? ExactStore(shape: shape, kernels: kernels)
    keep = slots.keep?.makeState(shape: shape, layer: layer)
    needs = slots.keep?.needs ?? AttentionNeeds()
    removesWhileDecoding = slots.keep?.removesWhileDecoding ?? false
    let renumbers = slots.positions == .renumber && slots.keep != nil
    self.renumbers = renumbers
    let count = slots.keep.map { $0.sharesSlots ? 1 : shape.kvHeads } ?? 0
    tables = (0..<count).map { _ in PositionTable(renumbers: renumbers) }
  }

  func table(head: Int) -> PositionTable? { tables.isEmpty ? nil : tables[tables.count == 1 ? 0 : head] }

  /// Gives the next `count` tokens of the text their positions; their keys and values follow head by head.
  func extend(by count: Int) {
    for table in tables {
      for index in 0..<count { table.append(Int32(truncatingIfNeeded: seenTokens + index)) }
    }
    seenTokens += count
  }

  /// Tokens that can be appended before the first one leaves; 0 if the policy cannot say.
  var roomTokens: Int { max(0, (keep?.capacityTokens ?? 0) - (tables.first?.positions.count ?? 0)) }

  private func view(_ table: PositionTable) -> HeadView {
    HeadView(positions: table.positions, columnSums: table.columnSums, seenTokens: seenTokens)
  }

  /// Whether a method decides which tokens stay.
  var drops: Bool { keep != nil }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    keep?.observeStep(head: head, weights: weights, count: count)
  }

  /// The prompt's attention in this layer is over: drops what the policy does not keep, then lets the codec pack.
  func finishPrefill() {
    dropAfterPrefill()
    store.finishPrefill()
    notePacked(.promptComplete)
  }

  /// Drops what the policy does not keep of the prompt.
  func dropAfterPrefill() {
    peakBytes = max(peakBytes, bytes.held)
    if let keep {
      for (index, table) in tables.enumerated() {
        if let slots = keep.slotsAfterPrefill(head: index, view(table)) {
          table.keep(slots)
          for head in tables.count == 1 ? 0..<shape.kvHeads : index..<index + 1 {
            store.keep(head: head, slots: slots)
          }
        }
        table.columnSums = []
      }
    }
  }

  /// The codec has packed what was due.
  func notePacked(_ moment: PackingMoment) {
    guard moment == .promptComplete else { return }
    peakBytes = max(peakBytes, store.takePeakBytes() + metadataBytes)
  }

  /// A decode step's attention in this layer is over: drops what the policy does not keep, then lets the codec pack.
  func finishStep() {
    dropAfterStep()
    store.finishStep()
  }

  /// Drops what the policy does not keep after a decode step.
  func dropAfterStep() {
    if let keep, removesWhileDecoding {
      // The new token was attended beside all the old ones.
      peakBytes = max(peakBytes, bytes.held)
      for (index, table) in tables.enumerated() {
        while let slot = keep.slotToDrop(head: index, view(table)) {
          table.remove(slot)
          for head in tables.count == 1 ? 0..<shape.kvHeads : index..<index + 1 { store.remove(head: head, slot: slot) }
        }
      }
    }
  }

  // MARK: Bytes

  private var peakBytes = 0

  private var metadataBytes: Int { tables.reduce(0) { $0 + $1.bytes } + (keep?.metadataBytes ?? 0) }

  var bytes: ByteCount {
    var total = store.bytes
    total.metadata += metadataBytes
    return total
  }

  /// The most this layer held at once since the last call.
  func takePeakBytes() -> Int {
    defer { peakBytes = 0 }
    return max(peakBytes, store.takePeakBytes() + metadataBytes)
  }

  /// Slots of a head as positions, for inspection.
  func positions(head: Int) -> [Int32] {
    table(head: head)?.positions ?? (0..<store.count(head: head)).map { Int32(truncatingIfNeeded: $0) }
  }
}
