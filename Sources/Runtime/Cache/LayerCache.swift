import KernelABI

/// One layer of one sequence: the store, which slots hold which positions, and what the keep policy remembers.
final class LayerCache {
  let layer: Int
  let shape: CacheShape
  /// Tokens of the text that a query of this layer sees, itself included; nil for all.
  let window: Int?
  let store: any LayerStore
  /// How the layer is attended.
  let engine: AttentionEngine
  let kernels: KernelTable
  /// How the model turns queries and keys; nil in tests that turn nothing.
  let rotary: RotaryTable?
  let needs: AttentionNeeds
  let renumbers: Bool
  /// What decides between layers which tokens go on, if a method does; owned by the sequence's cache.
  weak var flow: (any FlowState)?
  /// Whether the keep policy scores tokens.
  let ranks: Bool
  /// The prompt's last queries, while the prompt goes through.
  private(set) var promptWindow: PromptWindow?
  /// Sums of the prompt's queries before they turn, while the prompt goes through.
  private(set) var queryMoments: QueryMoments?
  /// The largest of the prompt's queries, while the prompt goes through.
  private var queryMaxima: QueryMaxima?
  private let keep: (any KeepState)?
  private let dispose: (any DisposeState)?
  /// Whether tokens that are not kept go on in the store's lower tier.
  private let demotes: Bool
  /// What chooses the slots that a decode query reads; nil if all are read.
  let select: (any SelectState)?
  private let removesWhileDecoding: Bool
  /// Heads of which something has left while the prompt was read, so that slots are not those of the appends.
  private let slotsMoved: AlignedBuffer<Bool>  // [kvHeads]
  /// One table a head, one for all of them, or none where no token ever leaves.
  private let tables: HeldObjects<PositionTable>
  private(set) var seenTokens = 0
  /// Keeps the prompt's scores and weights, for a trace.
  var recorder: AttentionRecorder?

  /// - Parameter store: the layer's store; one that shares nothing if nil.
  init(
    layer: Int, shape: CacheShape, slots: Slots, kernels: KernelTable, rotary: RotaryTable? = nil,
    store: (any LayerStore)? = nil, engine: AttentionEngine = .fused
  ) {
    self.layer = layer
    self.engine = engine
    self.rotary = rotary
    self.shape = shape
    window = layer < shape.windows.count ? shape.windows[layer] : nil
    self.store =
      store ?? slots.codec?.makeStore(shape: shape, layer: layer, kernels: kernels)
      ?? ExactStore(shape: shape, kernels: kernels)
    self.kernels = kernels
    keep = slots.keep?.makeState(shape: shape, layer: layer)
    dispose = slots.dispose?.makeState(shape: shape, layer: layer)
    demotes = slots.dispose?.demotes ?? false
    select = slots.select?.makeState(shape: shape, layer: layer, kernels: kernels)
    selectedReads = AlignedBuffer(count: shape.kvHeads)
    selectedReads.base.update(repeating: -1, count: shape.kvHeads)
    slotsMoved = AlignedBuffer(count: shape.kvHeads)
    needs = slots.needs
    ranks = slots.keep?.ranksTokens ?? false
    removesWhileDecoding = slots.keep?.removesWhileDecoding ?? false
    let renumbers = slots.positions == .renumber && slots.keep != nil
    self.renumbers = renumbers
    let isShared = slots.keep?.sharesSlots == true && !slots.needs.isPerHead
    let count = slots.keep == nil ? 0 : isShared ? 1 : shape.kvHeads
    tables = HeldObjects((0..<count).map { _ in PositionTable(renumbers: renumbers) })
    let queryHeads = shape.kvHeads * shape.groupHeads
    if needs.windowQueries > 0 {
      promptWindow = PromptWindow(capacity: needs.windowQueries, width: queryHeads * shape.headDim)
    }
    queryMoments = needs.queryMoments.map { QueryMoments($0, queryHeads: queryHeads, headDim: shape.headDim) }
    if needs.queryMaxima { queryMaxima = QueryMaxima(shape) }
  }

  func table(head: Int) -> PositionTable? {
    tables.count == 0 ? nil : tables.objects[tables.count == 1 ? 0 : head]
  }

  /// How a query turns before it meets the keys of a head's slots; empty where nothing turns.
  func turns(head: Int, query position: Int) -> [SlotTurn] {
    table(head: head)?.turns(query: Int32(truncatingIfNeeded: position)) ?? []
  }

  /// Appends how a query turns before it meets the keys of a head's slots; nothing where nothing turns.
  func writeTurns(head: Int, query position: Int, into turns: inout SlotTurns) {
    guard tables.count > 0 else { return }
    tables[tables.count == 1 ? 0 : head].with {
      $0.writeTurns(query: Int32(truncatingIfNeeded: position), into: &turns)
    }
  }

  /// Gives the next `count` tokens of the text their positions; their keys and values follow head by head.
  func extend(by count: Int) {
    tables.each { table in
      for index in 0..<count { table.append(Int32(truncatingIfNeeded: seenTokens + index)) }
    }
    seenTokens += count
    store.makeRoom(count)
  }

  /// Begins with another sequence's first tokens, whose pages both name from here on; for caches without methods.
  func adopt(prefix tokens: Int, of other: LayerCache) {
    guard seenTokens == 0, let own = store as? PagedStore, let theirs = other.store as? PagedStore else { return }
    own.adopt(prefix: tokens, of: theirs)
    seenTokens = tokens
  }

  /// Takes over what another sequence of the same text holds of this layer after its prompt; false if a part of the method
  /// cannot.
  func copy(_ other: LayerCache) -> Bool {
    guard select == nil, dispose == nil, seenTokens == 0 else { return false }
    if let keep, let theirs = other.keep {
      // A policy that has had its say at the end of the prompt remembers nothing.
      let isDone = !removesWhileDecoding && !needs.stepWeights && keep.metadataBytes == theirs.metadataBytes
      guard isDone || keep.copy(theirs) else { return false }
    }
    guard store.copy(other.store) else { return false }
    for (own, theirs) in zip(tables.objects, other.tables.objects) { own.copy(theirs) }
    endPrompt()
    seenTokens = other.seenTokens
    return true
  }

  /// Appends tokens of a head; row i of keys and values is at `i * stride`, headDim elements long.
  func append(
    head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int
  ) {
    store.append(head: head, keys: keys, values: values, stride: stride, tokens: tokens)
    select?.append(head: head, keys: keys, stride: stride, tokens: tokens)
  }

  /// Tokens that can be appended before the first one leaves; 0 if the policy cannot say.
  var roomTokens: Int { max(0, (keep?.capacityTokens ?? 0) - (tables.objects.first?.positions.count ?? 0)) }

  /// Whether all heads hold the same tokens in the same slots.
  var sharesTable: Bool { tables.count <= 1 }

  /// Tables of slots: what a method keeps is decided for each.
  var tableCount: Int { tables.count }

  private func heads(ofTable index: Int) -> Range<Int> {
    tables.count == 1 ? 0..<shape.kvHeads : index..<index + 1
  }

  func view(table index: Int) -> HeadView { HeadView(tables[index], of: self, heads: heads(ofTable: index)) }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    // A keep policy chooses among the tokens of the upper tier, which lie behind the lower one's.
    let lower = store.demotedCount(head: head)
    keep?.observeStep(head: head, weights: weights + lower, count: count - lower)
    dispose?.observeStep(head: head, weights: weights, count: count)
  }

  /// Takes the queries of the prompt's next tokens, as turned to their positions.
  func observeQueries(_ queries: UnsafePointer<Float>, stride: Int, tokens: Int) {
    promptWindow?.append(queries, stride: stride, tokens: tokens)
    queryMaxima?.append(queries, stride: stride, tokens: tokens)
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
    notePromptPacked()
  }

  /// Scores the prompt's tokens of one table; tables may be scored at the same time.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func scorePrompt(table index: Int) throws { try keep?.scorePrompt(view(table: index)) }

  /// What the policy keeps of each table, once all are scored; nil for all of it.
  func slotsAfterPrompt() -> [[Int]?] {
    noteHeld()
    if keepsRankings { noteRankings() }
    return keep?.slotsAfterPrefill(tables.indices.map { view(table: $0) }) ?? []
  }

  /// Drops what the policy does not keep of one table; tables may be served at the same time.
  func dropAfterPrompt(table index: Int, _ kept: [[Int]?]) {
    let (table, view) = (tables.objects[index], view(table: index))
    let heads = heads(ofTable: index)
    for head in heads {
      observeQueryMaxima(head: head)
      if let slots = kept[index] {
        dispose?.leavePrompt(head: head, kept: slots, view)
        if demotes { store.demote(head: head, keeping: slots) }
        slotsMoved.base[head] = true
      } else {
        dispose?.keepPrompt(head: head, view)
      }
    }
    if let slots = kept[index] {
      if demotes {
        table.demote(keeping: slots)
      } else {
        store.keep(heads: heads, slots: slots)
        table.keep(slots)
      }
    }
    table.columnSums = []
  }

  private func observeQueryMaxima(head: Int) {
    queryMaxima?.values.withUnsafeBufferPointer { maxima in
      if let base = maxima.baseAddress { store.observeQueryMaxima(head: head, base + head * shape.headDim) }
    }
  }

  /// Notes what is held now, before something leaves or is packed.
  func noteHeld() { peakBytes = max(peakBytes, bytes.held) }

  /// The prompt is complete in this layer: what was gathered of it is let go once codecs have packed.
  func endPrompt() {
    if let select {
      for head in 0..<shape.kvHeads {
        select.finishPrefill(head: head, store: store, slotsMoved: slotsMoved.base[head])
      }
    }
    store.observePrompt(promptWindow)
    promptWindow = nil
    queryMoments = nil
    queryMaxima = nil
  }

  /// The codec has packed what was due of the prompt.
  func notePromptPacked() {
    peakBytes = max(peakBytes, store.takePeakBytes() + stateBytes)
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
    guard dropsWhileDecoding else { return }
    // The new token was attended beside all the old ones.
    peakBytes = max(peakBytes, bytes.held)
    for index in tables.indices {
      while let slot = try keep?.slotToDrop(head: index, view(table: index)) {
        for head in heads(ofTable: index) {
          dispose?.leave(head: head, slot: slot, view(table: index))
          if demotes { store.demote(head: head, slot: slot) } else { store.remove(head: head, slot: slot) }
        }
        tables[index].with { if demotes { $0.demote(slot) } else { $0.remove(slot) } }
      }
    }
  }

  /// Forgets all tokens but the first; for caches without methods, whose slots are positions.
  func cut(to tokens: Int) {
    guard tokens < seenTokens else { return }
    for head in 0..<shape.kvHeads { store.keep(head: head, slots: Array(0..<tokens)) }
    seenTokens = tokens
  }

  // MARK: Inspection

  /// Whether what tokens were ranked by at the end of the prompt is kept; for inspection alone.
  var keepsRankings = false
  private var promptRankings: [(ranking: TokenRanking?, positions: [Int32], tokens: Int)] = []

  private func noteRankings() {
    promptRankings = tables.indices.map { index in
      let view = view(table: index)
      return (keep?.ranking(view), view.positions, seenTokens)
    }
  }

  /// What a head's tokens were last chosen by, the positions of the slots it speaks of, and how long the text then was.
  func lastRanking(head: Int) -> (ranking: TokenRanking?, positions: [Int32], tokens: Int) {
    guard tables.count > 0 else { return (nil, [], seenTokens) }
    let index = tables.count == 1 ? 0 : head
    if removesWhileDecoding, seenTokens > promptRankings.first?.tokens ?? 0 {
      let view = view(table: index)
      return (keep?.ranking(view), view.positions, seenTokens)
    }
    return index < promptRankings.count ? promptRankings[index] : (nil, [], seenTokens)
  }

  // MARK: Bytes

  private var peakBytes = 0

  /// What is held beside the store.
  private var stateBytes: Int { metadataBytes + (select?.bytes.held ?? 0) }

  private var metadataBytes: Int {
    tables.sum { $0.bytes } + (keep?.metadataBytes ?? 0) + (dispose?.metadataBytes ?? 0)
  }

  var bytes: ByteCount {
    var total = store.bytes + (select?.bytes ?? ByteCount())
    total.metadata += metadataBytes
    return total
  }

  /// Bytes that a head's last step read, metadata included, if it selected; -1 if it read everything.
  private let selectedReads: AlignedBuffer<Int>  // [kvHeads]

  /// Notes what a head's step reads: nil for everything.
  func noteSelectedRead(head: Int, bytes: Int?) { selectedReads.base[head] = bytes ?? -1 }

  /// Bytes that the last step read.
  var readBytes: Int {
    let reads = UnsafeBufferPointer(start: selectedReads.base, count: shape.kvHeads)
    guard reads.contains(where: { $0 >= 0 }) else { return store.readBytes }
    return reads.enumerated().reduce(0) { total, read in
      total
        + (read.element >= 0
          ? read.element
          : store.readBytes(head: read.offset, tokens: 0..<store.count(head: read.offset), heads: shape.kvHeads))
    }
  }

  /// The most this layer held at once since the last call.
  func takePeakBytes() -> Int {
    defer { peakBytes = 0 }
    return max(peakBytes, store.takePeakBytes() + stateBytes)
  }

  /// Slots of a head as positions, for inspection.
  func positions(head: Int) -> [Int32] {
    flow?.positions(layer: layer) ?? table(head: head)?.stored
      ?? (0..<store.count(head: head)).map { Int32(truncatingIfNeeded: $0) }
  }
}
