import KernelABI

/// One layer of one sequence: the store, which slots hold which positions, and what the keep policy remembers.
final class LayerCache {
  let layer: Int
  let shape: CacheShape
  /// Tokens of the text that a query of this layer sees, itself included; nil for all.
  let window: Int?
  let store: any LayerStore
  let kernels: KernelTable
  /// How the model turns queries and keys; nil in tests that turn nothing.
  let rotary: RotaryTable?
  let needs: AttentionNeeds
  let renumbers: Bool
  /// The prompt's last queries, while the prompt goes through.
  private(set) var promptWindow: PromptWindow?
  /// Sums of the prompt's queries before they turn, while the prompt goes through.
  private(set) var queryMoments: QueryMoments?
  private let keep: (any KeepState)?
  private let dispose: (any DisposeState)?
  private let removesWhileDecoding: Bool
  /// One table a head, one for all of them, or none where no token ever leaves.
  private let tables: [PositionTable]
  private(set) var seenTokens = 0

  init(layer: Int, shape: CacheShape, slots: Slots, kernels: KernelTable, rotary: RotaryTable? = nil) {
    self.layer = layer
    self.rotary = rotary
    self.shape = shape
    window = layer < shape.windows.count ? shape.windows[layer] : nil
    store =
      slots.codec?.makeStore(shape: shape, layer: layer, kernels: kernels)
      ?? ExactStore(shape: shape, kernels: kernels)
    self.kernels = kernels
    keep = slots.keep?.makeState(shape: shape, layer: layer)
    dispose = slots.dispose?.makeState(shape: shape, layer: layer)
    needs = slots.needs
    removesWhileDecoding = slots.keep?.removesWhileDecoding ?? false
    let renumbers = slots.positions == .renumber && slots.keep != nil
    self.renumbers = renumbers
    let isShared = slots.keep?.sharesSlots == true && !slots.needs.isPerHead
    let count = slots.keep == nil ? 0 : isShared ? 1 : shape.kvHeads
    tables = (0..<count).map { _ in PositionTable(renumbers: renumbers) }
    let queryHeads = shape.kvHeads * shape.groupHeads
    if needs.windowQueries > 0 {
      promptWindow = PromptWindow(capacity: needs.windowQueries, width: queryHeads * shape.headDim)
    }
    queryMoments = needs.queryMoments.map { QueryMoments($0, queryHeads: queryHeads, headDim: shape.headDim) }
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

  /// Tables of slots: what a method keeps is decided for each.
  var tableCount: Int { tables.count }

  private func heads(ofTable index: Int) -> Range<Int> {
    tables.count == 1 ? 0..<shape.kvHeads : index..<index + 1
  }

  private func view(table index: Int) -> HeadView {
    HeadView(
      positions: tables[index].positions, columnSums: tables[index].columnSums, seenTokens: seenTokens,
      heads: heads(ofTable: index), layer: self)
  }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    keep?.observeStep(head: head, weights: weights, count: count)
    dispose?.observeStep(head: head, weights: weights, count: count)
  }

  /// Takes the queries of the prompt's next tokens, as turned to their positions.
  func observeQueries(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    promptWindow?.append(queries, stride: stride, tokens: tokens)
  }

  /// Takes the queries of the prompt's next tokens as they are projected.
  func observeProjectedQueries(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    queryMoments?.append(queries, stride: stride, tokens: tokens)
  }

  /// The prompt's attention in this layer is over: drops what the policy does not keep, then lets the codec pack.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishPrefill() throws {
    for table in 0..<tableCount { try scorePrompt(table: table) }
    let kept = slotsAfterPrompt()
    for table in 0..<tableCount { dropAfterPrompt(table: table, kept) }
    endPrompt()
    store.finishPrefill()
    notePacked(.promptComplete)
  }

  /// Scores the prompt's tokens of one table; tables may be scored at the same time.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func scorePrompt(table index: Int) throws { try keep?.scorePrompt(view(table: index)) }

  /// What the policy keeps of each table, once all are scored; nil for all of it.
  func slotsAfterPrompt() -> [[Int]?] {
    noteHeld()
    return keep?.slotsAfterPrefill(tables.indices.map { view(table: $0) }) ?? []
  }

  /// Drops what the policy does not keep of one table; tables may be served at the same time.
  func dropAfterPrompt(table index: Int, _ kept: [[Int]?]) {
    let (table, view) = (tables[index], view(table: index))
    for head in heads(ofTable: index) {
      if let slots = kept[index] {
        dispose?.leavePrompt(head: head, kept: slots, view)
        store.keep(head: head, slots: slots)
      } else {
        dispose?.keepPrompt(head: head, view)
      }
    }
    if let slots = kept[index] { table.keep(slots) }
    table.columnSums = []
  }

  /// Notes what is held now, before something leaves or is packed.
  func noteHeld() { peakBytes = max(peakBytes, bytes.held) }

  /// The prompt is complete in this layer: what was gathered of it is let go once codecs have packed.
  func endPrompt() {
    store.observePrompt(promptWindow)
    promptWindow = nil
    queryMoments = nil
  }

  /// The codec has packed what was due.
  func notePacked(_ moment: PackingMoment) {
    guard moment == .promptComplete else { return }
    peakBytes = max(peakBytes, store.takePeakBytes() + metadataBytes)
  }

  /// A decode step's attention in this layer is over: drops what the policy does not keep, then lets the codec pack.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishStep() throws {
    try dropAfterStep()
    store.finishStep()
  }

  /// Whether tokens can leave after a decode step.
  var dropsWhileDecoding: Bool { keep != nil && removesWhileDecoding }

  /// Drops what the policy does not keep after a decode step.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func dropAfterStep() throws {
    if let keep, removesWhileDecoding {
      // The new token was attended beside all the old ones.
      peakBytes = max(peakBytes, bytes.held)
      for (index, table) in tables.enumerated() {
        while let slot = try keep.slotToDrop(head: index, view(table: index)) {
          for head in heads(ofTable: index) {
            dispose?.leave(head: head, slot: slot, view(table: index))
            store.remove(head: head, slot: slot)
          }
          table.remove(slot)
        }
      }
    }
  }

  // MARK: Bytes

  private var peakBytes = 0

  private var metadataBytes: Int {
    tables.reduce(0) { $0 + $1.bytes } + (keep?.metadataBytes ?? 0) + (dispose?.metadataBytes ?? 0)
  }

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
