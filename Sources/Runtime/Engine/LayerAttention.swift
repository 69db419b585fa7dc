import KernelABI

/// Runs a layer's attention for every segment of a pass: appends to the caches, attends, lets methods act.
struct LayerAttention {
  let kernels: KernelTable
  let pool: WorkerPool
  let rotary: RotaryTable
  var clock = PhaseClock()
  var traffic = TrafficCount()

  /// One segment's attention in one layer; `rows` are the segment's, `positions` those of its tokens that are computed, nil
  /// for all of them.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func attend(
    _ segment: Segment, layer: Int, _ rows: AttentionRows, positions: [Int]? = nil, _ scratch: inout AttentionScratch
  ) throws {
    let positions = positions ?? Array(segment.position..<segment.position + segment.tokens.count)
    let cache = segment.cache.layers[layer]
    let isPrompt = segment.endsPrefill != nil
    var together = 0
    if isPrompt {
      let count = positions.count
      cache.observeQueries(rows.queries, stride: rows.queryStride, tokens: count)
      switch segment.cache.prefillRule {
      case .full:
        together = count
        try attendPrompt(count, cache, rows, &scratch)
      case .stream:
        // Until the first token leaves, a prompt that streams is one that attends to all of itself, to the last bit.
        together = min(count, cache.roomTokens)
        if together > 0 { try attendPrompt(together, cache, rows, &scratch) }
      case .blocks(let block):
        together = count
        try attendBlocks(of: block, count, cache, rows, &scratch)
      }
    }
    for token in together..<positions.count {
      let row = rows.advanced(by: token)
      try attendSteps([Step(cache: cache, position: positions[token], rows: row)], &scratch)
      try finishStep([cache], &scratch)
    }
    if isPrompt { try observe(segment.cache, layer: layer, rows, positions: positions, &scratch) }
    if segment.endsPrefill == true {
      try dropAfterPrompt(cache)
      cache.endPrompt()
      pack([cache], .promptComplete, &scratch)
    }
  }

  /// Lets the codecs pack what is due. Which thread runs a task does not matter to its result.
  ///
  /// - Parameter later: whether what a store splits into tasks, which is long, may wait for `packLater`. What is short is
  ///   packed at once: while it is near, and by the thread that appends to it.
  func pack(_ caches: [LayerCache], _ moment: PackingMoment, _ scratch: inout AttentionScratch, later: Bool = false) {
    // What a prompt's attention took until here is not packing's.
    clock.lap(.attention)
    var tasks: [PackingTask] = []
    for cache in caches {
      let count = cache.store.packingTasks(moment)
      if later, count > 1 {
        for task in 0..<count { scratch.packLater.append(PackingTask(cache: cache, number: task)) }
      } else {
        for task in 0..<count { tasks.append(PackingTask(cache: cache, number: task)) }
      }
    }
    run(tasks, moment, &scratch)
    for cache in caches { cache.notePacked(moment) }
    clock.lap(tasks.isEmpty ? .attention : .pack)
  }

  /// Packs what has waited, of all layers side by side: threads then wait for each other once and not at every layer.
  func packLater(_ scratch: inout AttentionScratch) {
    guard !scratch.packLater.isEmpty else { return }
    run(scratch.packLater, .stepComplete, &scratch)
    scratch.packLater.removeAll(keepingCapacity: true)
    clock.lap(.pack)
  }

  private func run(_ tasks: [PackingTask], _ moment: PackingMoment, _ scratch: inout AttentionScratch) {
    while scratch.packing.count < pool.threads { scratch.packing.append(PackingScratch()) }
    let areas = scratch.packing
    pool.run(tasks.count) { index, worker in
      tasks[index].cache.store.pack(tasks[index].number, moment, areas[worker])
    }
    for task in tasks where task.number == 0 { task.cache.store.finishPacking(moment) }
  }

  /// What a task found not to be finite.
  enum Failure {
    static let score: UInt8 = 1
    static let stored: UInt8 = 2
  }

  func notFinite(_ failure: UInt8, layer: Int, head: Int) -> RuntimeProblem {
    EngineProblems.notFinite(layer: layer, head: head, isStored: failure == Failure.stored)
  }
}
