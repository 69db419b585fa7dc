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

  /// A prompt's tokens in blocks of the text: after each block the method drops what it does not keep, so that later
  /// blocks see what is left. Where the engine cuts the prompt does not matter.
  private func attendBlocks(
    of block: Int, _ tokens: Int, _ cache: LayerCache, _ rows: AttentionRows, _ scratch: inout AttentionScratch
  ) throws {
    var done = 0
    while done < tokens {
      // The cut after a block is made when more of the text comes: the last one is the prompt's own.
      if cache.seenTokens > 0, cache.seenTokens % block == 0 { try dropAfterPrompt(cache) }
      let count = min(tokens - done, block - cache.seenTokens % block)
      try attendPrompt(count, cache, rows.advanced(by: done), &scratch)
      done += count
    }
  }

  /// Lets the method drop what it does not keep of the prompt, heads at the same time.
  private func dropAfterPrompt(_ cache: LayerCache) throws {
    let tables = cache.tableCount
    guard tables > 0 else { return cache.noteHeld() }
    clock.lap(.attention)
    var problems = [(any Error)?](repeating: nil, count: tables)
    problems.withUnsafeMutableBufferPointer { problems in
      guard let problem = problems.baseAddress else { return }
      pool.run(tables) { table in
        do { try cache.scorePrompt(table: table) } catch { problem[table] = error }
      }
    }
    if let problem = problems.compactMap({ $0 }).first { throw problem }
    clock.lap(cache.ranks ? .score : .select)
    let kept = cache.slotsAfterPrompt()
    pool.run(tables) { cache.dropAfterPrompt(table: $0, kept) }
    clock.lap(.select)
  }

  /// A decode step's attention in one layer of many sequences is over.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishStep(_ caches: [LayerCache], _ scratch: inout AttentionScratch) throws {
    clock.lap(.attention)
    if caches.contains(where: \.dropsWhileDecoding) {
      var problems = [(any Error)?](repeating: nil, count: caches.count)
      problems.withUnsafeMutableBufferPointer { problems in
        guard let problem = problems.baseAddress else { return }
        pool.run(over: caches.count, grain: 1) { range in
          for index in range { do { try caches[index].dropAfterStep() } catch { problem[index] = error } }
        }
      }
      if let problem = problems.compactMap({ $0 }).first { throw problem }
      clock.lap(.select)
    }
    pack(caches, .stepComplete, &scratch)
  }

  /// Lets the codecs pack what is due. Which thread runs a task does not matter to its result.
  private func pack(_ caches: [LayerCache], _ moment: PackingMoment, _ scratch: inout AttentionScratch) {
    // What a prompt's attention took until here is not packing's.
    clock.lap(.attention)
    var tasks: [(cache: LayerCache, task: Int)] = []
    for cache in caches { for task in 0..<cache.store.packingTasks(moment) { tasks.append((cache, task)) } }
    while scratch.packing.count < pool.threads { scratch.packing.append(PackingScratch()) }
    let areas = scratch.packing
    pool.run(tasks.count) { index, worker in
      tasks[index].cache.store.pack(tasks[index].task, moment, areas[worker])
    }
    for (cache, task) in tasks where task == 0 { cache.store.finishPacking(moment) }
    for cache in caches { cache.notePacked(moment) }
    clock.lap(tasks.isEmpty ? .attention : .pack)
  }

  /// A decoding sequence's next token in one layer.
  struct Step {
    let cache: LayerCache
    let position: Int
    let rows: AttentionRows
  }

  /// One token each of many sequences.
  func attendSteps(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    guard let shape = steps.first?.cache.shape, let engine = steps.first?.cache.engine else { return }
    if engine.kind == .eager { return try attendEagerly(steps, &scratch) }
    let keyTile = engine.keyTile
    let heads = shape.kvHeads
    let tasks = steps.count * heads
    for step in steps { step.cache.extend(by: 1) }
    // Areas lie one behind the other; a head's cache may be longer than its neighbour's.
    var offsets = [Int](repeating: 0, count: tasks + 1)
    var longest = 0
    var selectionWords = 0
    let keepsScores = keyTile == nil || steps.contains { $0.cache.needs.stepWeights }
    for task in 0..<tasks {
      let cache = steps[task / heads].cache
      let tokens = cache.store.count(head: task % heads) + 1
      longest = max(longest, tokens)
      offsets[task + 1] =
        offsets[task]
        + StepAttention.scratch(
          tokens: tokens, shape: shape, keyTile: keyTile, keepsScores: keepsScores)
      if cache.select != nil {
        selectionWords = max(selectionWords, StepReading.scratch(tokens: tokens, rows: shape.groupHeads))
      }
    }
    scratch.weights.reserve(offsets[tasks])
    scratch.failures.reserve(tasks)
    scratch.selection.reserve(tasks * selectionWords)
    scratch.readings.reserve(tasks)
    let base = scratch.weights.base
    let selection = scratch.selection.base
    let readings = scratch.readings.base
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    func attention(_ task: Int) -> (StepAttention, AttentionRows) {
      let step = steps[task / heads]
      return (
        StepAttention(
          cache: step.cache, head: task % heads, kernels: kernels, rotary: rotary, position: step.position,
          keyTile: keyTile),
        step.rows
      )
    }
    func areas(_ task: Int, _ attention: StepAttention) -> StepAttention.Areas {
      StepAttention.Areas(
        base + offsets[task], tokens: attention.cache.store.count(head: attention.head), shape: shape,
        reading: readings[task], keepsLines: keepsScores)
    }
    /// Appends the token, loads the queries and chooses what they read; false if the token cannot be stored.
    func prepare(_ task: Int) -> Bool {
      let (attention, rows) = attention(task)
      guard attention.append(rows) else {
        failures[task] = Failure.stored
        return false
      }
      let tokens = attention.cache.store.count(head: attention.head)
      readings[task] = StepReading(all: tokens)
      let areas = areas(task, attention)
      attention.loadQueries(rows, areas)
      if let select = attention.cache.select {
        readings[task] = attention.choose(
          select, queries: areas.queries, tokens: tokens, scratch: selection + task * selectionWords)
      }
      return true
    }
    var parts = (longest + StepAttention.partTokens - 1) / StepAttention.partTokens
    if parts == 1 || tasks >= 4 * pool.threads {
      pool.run(tasks) { task in
        guard prepare(task) else { return }
        let (attention, rows) = attention(task)
        let areas = areas(task, attention)
        for part in 0..<areas.parts where !attention.attend(part: part, areas) { failures[task] = Failure.score }
        if failures[task] == 0 { attention.merge(areas, into: rows) }
      }
    } else {
      // Few heads with long caches: the parts are the tasks.
      if selectionWords > 0 {
        pool.run(tasks) { task in _ = prepare(task) }
      } else {
        for task in 0..<tasks { _ = prepare(task) }
      }
      for task in 0..<tasks where failures[task] != 0 {
        throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
      }
      if selectionWords > 0 { parts = (0..<tasks).reduce(1) { max($0, areas($1, attention($1).0).parts) } }
      pool.run(tasks * parts) { index in
        let task = index / parts
        let (attention, _) = attention(task)
        let areas = areas(task, attention)
        if index % parts < areas.parts, !attention.attend(part: index % parts, areas) {
          failures[task] = Failure.score
        }
      }
      pool.run(tasks) { task in
        let (attention, rows) = attention(task)
        if failures[task] == 0 { attention.merge(areas(task, attention), into: rows) }
      }
    }
    for task in 0..<tasks where failures[task] != 0 {
      throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
    }
    count(steps, scratchFloats: offsets[tasks], scoreFloats: scoreFloats(steps, keyTile, keepsScores))
    clock.lap(.attention)
    guard steps.contains(where: { $0.cache.needs.stepWeights }) else { return }
    // Apart from attention, so that what a method asks for has a time of its own.
    pool.run(tasks) { task in
      let (attention, _) = attention(task)
      attention.observe(areas(task, attention))
    }
    clock.lap(.score)
  }

  /// Scores and weights that a step holds at once, in floats.
  private func scoreFloats(_ steps: [Step], _ keyTile: Int?, _ keepsScores: Bool) -> Int {
    steps.reduce(0) { total, step in
      (0..<step.cache.shape.kvHeads).reduce(total) { total, head in
        let tokens = step.cache.store.count(head: head)
        let parts = max(1, (tokens + StepAttention.partTokens - 1) / StepAttention.partTokens)
        return total
          + step.cache.shape.groupHeads * ((keepsScores ? tokens : 0) + parts * (keyTile ?? 0))
      }
    }
  }

  /// Counts what a step of one layer moved, if anyone asks.
  private func count(_ steps: [Step], scratchFloats: Int, scoreFloats: Int) {
    guard traffic.isCounting else { return }
    var moved = EngineTraffic()
    for step in steps {
      moved.appendedBytes += step.cache.store.takeMovedBytes()
      moved.readBytes += step.cache.readBytes
    }
    moved.scratchBytes = 4 * scratchFloats
    moved.scoreBytes = 4 * scoreFloats
    traffic.add(moved)
  }

  /// One token each of many sequences, each operation over all of them before the next.
  private func attendEagerly(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    let heads = steps[0].cache.shape.kvHeads
    let held = steps.map { step in (0..<heads).map { step.cache.store.count(head: $0) } }
    for step in steps { step.cache.extend(by: 1) }
    let tasks = steps.count * heads
    scratch.failures.reserve(tasks)
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    pool.run(tasks) { task in
      let step = steps[task / heads]
      let attention = StepAttention(
        cache: step.cache, head: task % heads, kernels: kernels, rotary: rotary, position: step.position)
      if !attention.append(step.rows) { failures[task] = Failure.stored }
    }
    for task in 0..<tasks where failures[task] != 0 {
      throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
    }
    let jobs = zip(steps, held).map { step, held in
      EagerAttention.Job(cache: step.cache, rows: step.rows, tokens: 1, held: held, position: step.position)
    }
    traffic.add(
      try EagerAttention(kernels: kernels, pool: pool, rotary: rotary, clock: clock).attend(jobs, &scratch.eager))
  }

  private func attendPrompt(
    _ tokens: Int, _ cache: LayerCache, _ rows: AttentionRows, _ scratch: inout AttentionScratch
  ) throws {
    let shape = cache.shape
    let before = cache.store.count(head: 0)
    cache.extend(by: tokens)
    let stripe = 32
    scratch.failures.reserve(stripe * shape.kvHeads)
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: stripe * shape.kvHeads)
    let keyTile = cache.engine.keyTile
    pool.run(shape.kvHeads) { head in
      guard rows.storable(head: head, tokens: tokens, shape: shape) else {
        failures[head] = Failure.stored
        return
      }
      cache.append(
        head: head, keys: rows.keys + head * shape.headDim, values: rows.values + head * shape.headDim,
        stride: rows.keyStride, tokens: tokens)
    }
    for head in 0..<shape.kvHeads where failures[head] != 0 {
      throw notFinite(failures[head], layer: cache.layer, head: head)
    }
    // Ragged caches: what a head held before differs, what the prompt adds does not.
    let held = (0..<shape.kvHeads).map { cache.store.count(head: $0) - tokens }
    let longest = (held.max() ?? before) + tokens
    if cache.engine.kind == .eager {
      if cache.needs.columnSums != nil { prepareColumns(cache, held: held, tokens: tokens) }
      let job = EagerAttention.Job(cache: cache, rows: rows, tokens: tokens, held: held)
      return traffic.add(
        try EagerAttention(kernels: kernels, pool: pool, rotary: rotary, clock: clock).attend([job], &scratch.eager))
    }
    let whole = PromptAttention.scratch(total: longest, shape: shape)
    let sizes: (weights: Int, rows: Int, sums: Int) =
      if let keyTile {
        FlashPromptAttention.scratch(keyTile: keyTile, shape: shape)
      } else {
        (weights: whole.weights, rows: whole.rows, sums: whole.rows)
      }
    scratch.weights.reserve(pool.threads * sizes.weights)
    scratch.queries.reserve(pool.threads * sizes.rows)
    scratch.sums.reserve(pool.threads * sizes.sums)
    if traffic.isCounting {
      var moved = EngineTraffic()
      moved.appendedBytes = cache.store.takeMovedBytes()
      moved.scratchBytes = 4 * pool.threads * (sizes.weights + sizes.rows + sizes.sums)
      moved.scoreBytes = 4 * pool.threads * sizes.weights
      traffic.add(moved)
    }

    // Tiles in stripes of 32, so that the columns of a stripe fit and are added up in the order of the text.
    let first = before % PromptAttention.tileTokens
    let tiles = (first + tokens + PromptAttention.tileTokens - 1) / PromptAttention.tileTokens
    func tile(_ index: Int) -> Range<Int> {
      let start = index * PromptAttention.tileTokens - first
      return max(0, start)..<min(tokens, start + PromptAttention.tileTokens)
    }
    let wantsColumns = cache.needs.columnSums != nil
    if wantsColumns {
      prepareColumns(cache, held: held, tokens: tokens)
      scratch.times.reset(workers: pool.threads)
    }
    let times = scratch.times
    for start in stride(from: 0, to: tiles, by: stripe) {
      let count = min(stripe, tiles - start)
      if wantsColumns {
        scratch.columns.reserve(count * shape.kvHeads * longest)
        scratch.columns.base.update(repeating: 0, count: count * shape.kvHeads * longest)
      }
      let areas = (
        weights: scratch.weights.base, queries: scratch.queries.base, sums: scratch.sums.base,
        columns: scratch.columns.base
      )
      pool.runStoppable(count * shape.kvHeads) { task, worker in
        // Late tiles cost most: they go first.
        let index = count - 1 - task / shape.kvHeads
        let head = task % shape.kvHeads
        let line = wantsColumns ? times.line(worker) : nil
        let began = wantsColumns ? PhaseClock.now() : 0
        let columns = wantsColumns ? areas.columns + (index * shape.kvHeads + head) * longest : nil
        let (weights, queries) = (areas.weights + worker * sizes.weights, areas.queries + worker * sizes.rows)
        let sums = areas.sums + worker * sizes.sums
        let isFinite: Bool
        if let keyTile {
          isFinite = FlashPromptAttention(
            cache: cache, head: head, kernels: kernels, keyTile: keyTile, before: held[head],
            total: held[head] + tokens
          ).attend(
            tile(start + index), rows, weights: weights, queries: queries, sums: sums, columns: columns,
            scoreTime: line.map { $0 + 1 })
        } else {
          isFinite = PromptAttention(
            cache: cache, head: head, kernels: kernels, before: held[head], total: held[head] + tokens
          ).attend(
            tile(start + index), rows, weights: weights, queries: queries, sums: sums, columns: columns,
            scoreTime: line.map { $0 + 1 })
        }
        if let line { line[0] &+= PhaseClock.now() &- began }
        if !isFinite { failures[task] = Failure.score }
      }
      try pool.check()
      for task in 0..<count * shape.kvHeads where failures[task] != 0 {
        throw notFinite(failures[task], layer: cache.layer, head: task % shape.kvHeads)
      }
      if wantsColumns {
        clock.lap(.attention, share: times.share, of: .score)
        scratch.times.reset(workers: pool.threads)
        pool.run(shape.kvHeads) { head in
          guard let table = cache.table(head: head) else { return }
          table.columnSums.withUnsafeMutableBufferPointer { sums in
            for index in 0..<count {
              let line = areas.columns + (index * shape.kvHeads + head) * longest
              if let base = sums.baseAddress { kernels.add(base, line, sums.count) }
            }
          }
        }
        clock.lap(.score)
      }
    }
  }

  private func prepareColumns(_ cache: LayerCache, held: [Int], tokens: Int) {
    for head in 0..<cache.shape.kvHeads {
      guard let table = cache.table(head: head) else { continue }
      let missing = held[head] + tokens - table.columnSums.count
      if missing > 0 { table.columnSums.append(contentsOf: repeatElement(0, count: missing)) }
    }
  }

  /// What a task found not to be finite.
  private enum Failure {
    static let score: UInt8 = 1
    static let stored: UInt8 = 2
  }

  private func notFinite(_ failure: UInt8, layer: Int, head: Int) -> RuntimeProblem {
    EngineProblems.notFinite(layer: layer, head: head, isStored: failure == Failure.stored)
  }
}
