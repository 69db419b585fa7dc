import KernelABI

/// Runs a layer's attention for every segment of a pass: appends to the caches, attends, lets methods act.
struct LayerAttention {
  let kernels: KernelTable
  let pool: WorkerPool
  let rotary: RotaryTable

  /// One segment's attention in one layer; `rows` are the segment's.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func attend(_ segment: Segment, layer: Int, _ rows: AttentionRows, _ scratch: inout AttentionScratch) throws {
    let cache = segment.cache.layers[layer]
    let isPrompt = segment.endsPrefill != nil
    var together = 0
    if isPrompt {
      let count = segment.tokens.count
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
    for token in together..<segment.tokens.count {
      let row = rows.advanced(by: token)
      try attendSteps([Step(cache: cache, position: segment.position + token, rows: row)], &scratch)
      try finishStep([cache], &scratch)
    }
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
    var problems = [(any Error)?](repeating: nil, count: tables)
    problems.withUnsafeMutableBufferPointer { problems in
      guard let problem = problems.baseAddress else { return }
      pool.run(tables) { table in
        do { try cache.scorePrompt(table: table) } catch { problem[table] = error }
      }
    }
    if let problem = problems.compactMap({ $0 }).first { throw problem }
    let kept = cache.slotsAfterPrompt()
    pool.run(tables) { cache.dropAfterPrompt(table: $0, kept) }
  }

  /// A decode step's attention in one layer of many sequences is over.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishStep(_ caches: [LayerCache], _ scratch: inout AttentionScratch) throws {
    if caches.contains(where: \.dropsWhileDecoding) {
      var problems = [(any Error)?](repeating: nil, count: caches.count)
      problems.withUnsafeMutableBufferPointer { problems in
        guard let problem = problems.baseAddress else { return }
        pool.run(over: caches.count, grain: 1) { range in
          for index in range { do { try caches[index].dropAfterStep() } catch { problem[index] = error } }
        }
      }
      if let problem = problems.compactMap({ $0 }).first { throw problem }
    }
    pack(caches, .stepComplete, &scratch)
  }

  /// Lets the codecs pack what is due. Which thread runs a task does not matter to its result.
  private func pack(_ caches: [LayerCache], _ moment: PackingMoment, _ scratch: inout AttentionScratch) {
    var tasks: [(cache: LayerCache, task: Int)] = []
    for cache in caches { for task in 0..<cache.store.packingTasks(moment) { tasks.append((cache, task)) } }
    while scratch.packing.count < pool.threads { scratch.packing.append(PackingScratch()) }
    let areas = scratch.packing
    pool.run(tasks.count) { index, worker in
      tasks[index].cache.store.pack(tasks[index].task, moment, areas[worker])
    }
    for (cache, task) in tasks where task == 0 { cache.store.finishPacking(moment) }
    for cache in caches { cache.notePacked(moment) }
  }

  /// A decoding sequence's next token in one layer.
  struct Step {
    let cache: LayerCache
    let position: Int
    let rows: AttentionRows
  }

  /// One token each of many sequences.
  func attendSteps(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    guard let shape = steps.first?.cache.shape else { return }
    let heads = shape.kvHeads
    let tasks = steps.count * heads
    for step in steps { step.cache.extend(by: 1) }
    // Areas lie one behind the other; a head's cache may be longer than its neighbour's.
    var offsets = [Int](repeating: 0, count: tasks + 1)
    var longest = 0
    for task in 0..<tasks {
      let tokens = steps[task / heads].cache.store.count(head: task % heads) + 1
      longest = max(longest, tokens)
      offsets[task + 1] = offsets[task] + StepAttention.scratch(tokens: tokens, shape: shape)
    }
    scratch.weights.reserve(offsets[tasks])
    scratch.failures.reserve(tasks)
    let base = scratch.weights.base
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    func attention(_ task: Int) -> (StepAttention, AttentionRows) {
      let step = steps[task / heads]
      return (
        StepAttention(
          cache: step.cache, head: task % heads, kernels: kernels, rotary: rotary, position: step.position),
        step.rows
      )
    }
    func areas(_ task: Int, _ attention: StepAttention) -> StepAttention.Areas {
      StepAttention.Areas(
        base + offsets[task], tokens: attention.cache.store.count(head: attention.head), shape: shape)
    }
    let parts = (longest + StepAttention.partTokens - 1) / StepAttention.partTokens
    if parts == 1 || tasks >= 4 * pool.threads {
      pool.run(tasks) { task in
        let (attention, rows) = attention(task)
        guard attention.append(rows) else {
          failures[task] = Failure.stored
          return
        }
        let areas = areas(task, attention)
        attention.loadQueries(rows, areas)
        for part in 0..<areas.parts where !attention.attend(part: part, areas) { failures[task] = Failure.score }
        if failures[task] == 0 { attention.merge(areas, into: rows) }
      }
    } else {
      // Few heads with long caches: the parts are the tasks.
      for task in 0..<tasks {
        let (attention, rows) = attention(task)
        guard attention.append(rows) else {
          throw notFinite(Failure.stored, layer: attention.cache.layer, head: attention.head)
        }
        attention.loadQueries(rows, areas(task, attention))
      }
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
    pool.run(shape.kvHeads) { head in
      guard rows.storable(head: head, tokens: tokens, shape: shape) else {
        failures[head] = Failure.stored
        return
      }
      cache.store.append(
        head: head, keys: rows.keys + head * shape.headDim, values: rows.values + head * shape.headDim,
        stride: rows.keyStride, tokens: tokens)
    }
    for head in 0..<shape.kvHeads where failures[head] != 0 {
      throw notFinite(failures[head], layer: cache.layer, head: head)
    }
    // Ragged caches: what a head held before differs, what the prompt adds does not.
    let held = (0..<shape.kvHeads).map { cache.store.count(head: $0) - tokens }
    let longest = (held.max() ?? before) + tokens
    let sizes = PromptAttention.scratch(total: longest, shape: shape)
    scratch.weights.reserve(pool.threads * sizes.weights)
    scratch.queries.reserve(pool.threads * sizes.rows)
    scratch.sums.reserve(pool.threads * sizes.rows)

    // Tiles in stripes of 32, so that the columns of a stripe fit and are added up in the order of the text.
    let first = before % PromptAttention.tileTokens
    let tiles = (first + tokens + PromptAttention.tileTokens - 1) / PromptAttention.tileTokens
    func tile(_ index: Int) -> Range<Int> {
      let start = index * PromptAttention.tileTokens - first
      return max(0, start)..<min(tokens, start + PromptAttention.tileTokens)
    }
    let wantsColumns = cache.needs.columnSums != nil
    if wantsColumns { prepareColumns(cache, held: held, tokens: tokens) }
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
      pool.run(count * shape.kvHeads) { task, worker in
        // Late tiles cost most: they go first.
        let index = count - 1 - task / shape.kvHeads
        let head = task % shape.kvHeads
        let attention = PromptAttention(
          cache: cache, head: head, kernels: kernels, before: held[head], total: held[head] + tokens)
        let isFinite = attention.attend(
          tile(start + index), rows, weights: areas.weights + worker * sizes.weights,
          queries: areas.queries + worker * sizes.rows, sums: areas.sums + worker * sizes.rows,
          columns: wantsColumns ? areas.columns + (index * shape.kvHeads + head) * longest : nil)
        if !isFinite { failures[task] = Failure.score }
      }
      for task in 0..<count * shape.kvHeads where failures[task] != 0 {
        throw notFinite(failures[task], layer: cache.layer, head: task % shape.kvHeads)
      }
      if wantsColumns {
        pool.run(shape.kvHeads) { head in
          guard let table = cache.table(head: head) else { return }
          table.columnSums.withUnsafeMutableBufferPointer { sums in
            for index in 0..<count {
              let line = areas.columns + (index * shape.kvHeads + head) * longest
              if let base = sums.baseAddress { kernels.add(base, line, sums.count) }
            }
          }
        }
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
    let isStored = failure == Failure.stored
    return RuntimeProblem(
      "K602",
      seen: "layer \(layer), KV head \(head): "
        + (isStored ? "a key or value is not a finite number" : "an attention score is not a finite number"),
      expected: isStored ? "keys and values that the cache can hold" : "finite keys and queries",
      suggestion: "try precision=f32; if it stays, the model file is damaged")
  }
}
