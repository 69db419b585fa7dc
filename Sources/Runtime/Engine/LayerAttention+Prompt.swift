import KernelABI

/// The prompt's part of a layer's attention.
extension LayerAttention {
  func attendPrompt(
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

  /// A prompt's tokens in blocks of the text: after each block the method drops what it does not keep, so that later
  /// blocks see what is left. Where the engine cuts the prompt does not matter.
  func attendBlocks(
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
  func dropAfterPrompt(_ cache: LayerCache) throws {
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
}
