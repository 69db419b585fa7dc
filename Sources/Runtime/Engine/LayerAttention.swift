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
    let positions = positions ?? Array(segment.position..<segment.position + segment.count)
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
      try step(Step(cache: Uncounted(cache), position: positions[token], rows: row), &scratch)
    }
    if isPrompt { try observe(segment.cache, layer: layer, rows, positions: positions, &scratch) }
    if segment.endsPrefill == true {
      try dropAfterPrompt(cache)
      cache.endPrompt()
      // What a prompt's attention took until here is not packing's.
      clock.lap(.attention)
      gatherPacking(Uncounted(cache), .promptComplete, &scratch, later: false)
      packGathered(.promptComplete, &scratch)
      cache.notePromptPacked()
    }
  }

  /// Notes the tasks into which a cache's packing splits that is due.
  ///
  /// - Parameter later: whether what a store splits into tasks, which is long, may wait for `packLater`. What is short is
  ///   packed at once: while it is near, and by the thread that appends to it.
  func gatherPacking(
    _ cache: Uncounted<LayerCache>, _ moment: PackingMoment, _ scratch: inout AttentionScratch, later: Bool
  ) {
    let count = cache.with { $0.store.packingTasks(moment) }
    for number in 0..<count {
      let task = PackingTask(cache: cache, number: number)
      if later, count > 1 { scratch.packLater.append(task) } else { scratch.packNow.append(task) }
    }
  }

  /// Lets the codecs pack what was gathered.
  func packGathered(_ moment: PackingMoment, _ scratch: inout AttentionScratch) {
    guard !scratch.packNow.isEmpty else { return clock.lap(.attention) }
    pack(scratch.packNow, moment, &scratch.packing)
    clock.lap(.pack)
    scratch.packNow.removeAll(keepingCapacity: true)
  }

  /// Packs what has waited, of all layers side by side: threads then wait for each other once and not at every layer.
  func packLater(_ scratch: inout AttentionScratch) {
    guard !scratch.packLater.isEmpty else { return }
    pack(scratch.packLater, .stepComplete, &scratch.packing)
    scratch.packLater.removeAll(keepingCapacity: true)
    clock.lap(.pack)
  }

  /// Which thread runs a task does not matter to its result.
  private func pack(_ tasks: [PackingTask], _ moment: PackingMoment, _ areas: inout HeldObjects<PackingScratch>) {
    if areas.count < pool.threads { areas = HeldObjects((0..<pool.threads).map { _ in PackingScratch() }) }
    tasks.withUnsafeBufferPointer { tasks in
      guard let base = tasks.baseAddress else { return }
      pool.run(tasks.count, Packing(tasks: base, moment: moment, areas: areas.base))
      for task in tasks where task.number == 0 { task.cache.with { $0.store.finishPacking(moment) } }
    }
  }

  private struct Packing: ParallelWork {
    let tasks: UnsafePointer<PackingTask>
    let moment: PackingMoment
    let areas: UnsafePointer<Uncounted<PackingScratch>>  // [threads]

    func run(_ task: Int, _ worker: Int) {
      let number = tasks[task].number
      areas[worker].with { area in tasks[task].cache.with { $0.store.pack(number, moment, area) } }
    }
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
