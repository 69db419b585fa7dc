import KernelABI

/// Attention as a library of tensor operations does it: keys and values expanded to query heads in memory, scores of all
/// rows written out, and a pass over all of them for each of mask, maximum, exponentials, division and cast (sheet engines).
///
/// Kernels and threads are those of the other engines, so that what differs is what is moved.
struct EagerAttention {
  /// A sequence's queries and what they attend to, appended already.
  struct Job {
    let cache: LayerCache
    let rows: AttentionRows
    /// Query rows.
    let tokens: Int
    /// Tokens each KV head held before them.
    let held: [Int]
    /// Position of a decode step's query; nil for prompts, whose slots say it.
    var position: Int?

    /// Keys that a query row sees of a KV head, hidden ones within them not counted.
    func limit(_ token: Int, head: Int) -> Int { held[head] + token + 1 }
    func total(head: Int) -> Int { held[head] + tokens }
  }

  let kernels: KernelTable
  let pool: WorkerPool
  let rotary: RotaryTable
  let clock: PhaseClock

  /// Query rows of one task, and rows whose weights are summed with values at once.
  private static var taskRows: Int { 48 }
  private static var sumRows: Int { 12 }

  /// Where a job's tensors lie.
  private struct Layout {
    let job: Job
    /// Elements from a row of scores to the next: whole blocks of 16 keys.
    let stride: Int
    let scores: Int  // first of [queryHeads, tokens, stride]
    let masks: Int  // first of [maskHeads, tokens, stride]
    let maskHeads: Int
    let rows: Int  // first of [queryHeads, tokens], and times headDim of the queries
    /// Bytes of the expanded keys and values of a query head; 0 if attention reads the cache itself.
    let keyBytes: Int
    let valueBytes: Int
    let expanded: Int
    let element: FloatElement
    let observed: Int  // first of [kvHeads, stride]

    var shape: CacheShape { job.cache.shape }
    var queryHeads: Int { shape.kvHeads * shape.groupHeads }
    var isExpanded: Bool { keyBytes > 0 }
  }

  /// Rows of one query head of a job.
  private struct Block {
    let layout: Int
    let head: Int  // query head
    let tokens: Range<Int>
  }

  /// Attends all jobs; their outputs are written, step weights and column sums handed to methods that ask for them.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func attend(_ jobs: [Job], _ scratch: inout EagerScratch) throws -> EngineTraffic {
    var traffic = EngineTraffic()
    let layouts = layouts(jobs, &scratch, &traffic)
    var blocks: [Block] = []
    for (index, layout) in layouts.enumerated() {
      for head in 0..<layout.queryHeads {
        for first in Swift.stride(from: 0, to: layout.job.tokens, by: Self.taskRows) {
          blocks.append(
            Block(layout: index, head: head, tokens: first..<min(layout.job.tokens, first + Self.taskRows)))
        }
      }
    }
    for layout in layouts {
      let moved = layout.job.cache.store.takeMovedBytes()
      traffic.appendedBytes += moved
    }
    expand(layouts, scratch, &traffic)
    scaleQueries(layouts, blocks, scratch)
    if case .cornerMasked(let corner)? = jobs.first?.cache.needs.columnSums, jobs.first?.position == nil {
      // Another softmax than attention's, for the method alone; its weights make room for attention's.
      clock.lap(.attention)
      try weigh(layouts, blocks, scratch, corner: corner)
      addColumns(layouts, scratch, corner: corner)
      clock.lap(.score)
    }
    try weigh(layouts, blocks, scratch)
    if jobs.first?.cache.needs.columnSums == .causal, jobs.first?.position == nil {
      clock.lap(.attention)
      addColumns(layouts, scratch)
      clock.lap(.score)
    }
    if jobs.first?.position != nil { gatherStepWeights(layouts, scratch) }
    cast(layouts, blocks, scratch)
    try sum(layouts, blocks, scratch)
    clock.lap(.attention)
    if jobs.first?.position != nil { observe(layouts, scratch) }
    return traffic
  }

  // MARK: Tensors

  private func layouts(_ jobs: [Job], _ scratch: inout EagerScratch, _ traffic: inout EngineTraffic) -> [Layout] {
    var layouts: [Layout] = []
    var (scores, masks, rows, expanded, observed, longest) = (0, 0, 0, 0, 0, 0)
    for job in jobs {
      let shape = job.cache.shape
      let total = job.held.max().map { $0 + job.tokens } ?? job.tokens
      let stride = (total + 15) / 16 * 16
      let queryHeads = shape.kvHeads * shape.groupHeads
      let isExact = job.cache.store.exactRows(head: 0) != nil
      let element: FloatElement = isExact ? shape.element : .float32
      let isExpanded = shape.groupHeads > 1 || !isExact
      let maskHeads = Set(job.held).count == 1 && job.cache.sharesTable ? 1 : shape.kvHeads
      let keyBytes = isExpanded ? stride * shape.headDim * element.bytes : 0
      let valueBytes = keyBytes
      layouts.append(
        Layout(
          job: job, stride: stride, scores: scores, masks: masks, maskHeads: maskHeads, rows: rows, keyBytes: keyBytes,
          valueBytes: valueBytes, expanded: expanded, element: element, observed: observed))
      scores += queryHeads * job.tokens * stride
      masks += maskHeads * job.tokens * stride
      rows += queryHeads * job.tokens
      expanded += queryHeads * (keyBytes + valueBytes)
      observed += job.position != nil && job.cache.needs.stepWeights ? shape.kvHeads * stride : 0
      longest = max(longest, stride)
    }
    let headDim = jobs.first?.cache.shape.headDim ?? 0
    let isHalf = layouts.contains { $0.shape.element == .float16 }
    scratch.scores.reserve(scores)
    scratch.masks.reserve(masks)
    scratch.expanded.reserve(expanded)
    scratch.queries.reserve(rows * headDim)
    scratch.rowMaxima.reserve(rows)
    scratch.rowTotals.reserve(rows)
    scratch.observed.reserve(observed)
    if isHalf { scratch.weights.reserve(pool.threads * Self.sumRows * longest) }
    traffic.scoreBytes = 4 * scores
    traffic.scratchBytes =
      4 * (scores + masks + rows * (headDim + 2) + observed) + expanded
      + (isHalf ? 4 * pool.threads * Self.sumRows * longest : 0)
    return layouts
  }

  /// Copies keys and values once for every query head; decodes packed ones first, all of them.
  private func expand(_ layouts: [Layout], _ scratch: EagerScratch, _ traffic: inout EngineTraffic) {
    let base = scratch.expanded.base
    let tasks = layouts.indices.flatMap { index in (0..<layouts[index].shape.kvHeads).map { (index, $0) } }
    let moved = AlignedBuffer<Int>(count: tasks.count)
    pool.run(tasks.count) { task in
      let (layout, head) = (layouts[tasks[task].0], tasks[task].1)
      guard layout.isExpanded else { return }
      let (shape, store) = (layout.shape, layout.job.cache.store)
      let total = layout.job.total(head: head)
      let first = base + layout.expanded + head * shape.groupHeads * (layout.keyBytes + layout.valueBytes)
      let keyBytes = (total + 15) / 16 * 16 * shape.headDim * layout.element.bytes
      let valueBytes = total * shape.headDim * layout.element.bytes
      var read = 0
      if let exact = store.exactRows(head: head) {
        UnsafeMutableRawPointer(first).copyMemory(from: exact.keys.elements, byteCount: keyBytes)
        UnsafeMutableRawPointer(first + layout.keyBytes)
          .copyMemory(from: exact.values.elements, byteCount: valueBytes)
        read = 2 * valueBytes
      } else {
        let keys = UnsafeMutableRawPointer(first).assumingMemoryBound(to: Float.self)
        let values = UnsafeMutableRawPointer(first + layout.keyBytes).assumingMemoryBound(to: Float.self)
        decodeKeys(store, head: head, total, shape.headDim, into: keys)
        store.valueRows(head: head, tokens: 0..<total, into: values)
        read = store.readBytes(head: head, tokens: 0..<total, heads: shape.kvHeads)
      }
      for copy in 1..<max(1, shape.groupHeads) {
        let target = first + copy * (layout.keyBytes + layout.valueBytes)
        target.update(from: first, count: keyBytes)
        (target + layout.keyBytes).update(from: first + layout.keyBytes, count: valueBytes)
      }
      moved.base[task] = read + shape.groupHeads * 2 * valueBytes
    }
    for task in tasks.indices { traffic.expandedBytes += moved.base[task] }
    for layout in layouts {
      for head in 0..<layout.shape.kvHeads {
        traffic.readBytes +=
          layout.shape.groupHeads * 2 * layout.job.total(head: head) * layout.shape.headDim * layout.element.bytes
      }
    }
  }

  /// A head's keys in blocks of 16 tokens, as the kernels take them.
  private func decodeKeys(
    _ store: any LayerStore, head: Int, _ total: Int, _ headDim: Int, into blocks: UnsafeMutablePointer<Float>
  ) {
    let rows = AlignedBuffer<Float>(count: total * headDim)
    store.keyRows(head: head, tokens: 0..<total, into: rows.base)
    for token in 0..<total {
      let target = blocks + token / 16 * 16 * headDim + token % 16
      for channel in 0..<headDim { target[channel * 16] = rows.base[token * headDim + channel] }
    }
  }

  private func keys(_ layout: Layout, _ head: Int, _ scratch: EagerScratch) -> ExactRows {
    let (shape, kvHead) = (layout.shape, head / layout.shape.groupHeads)
    if !layout.isExpanded, let exact = layout.job.cache.store.exactRows(head: kvHead) { return exact.keys }
    return ExactRows(
      elements: scratch.expanded.base + layout.expanded + head * (layout.keyBytes + layout.valueBytes),
      element: layout.element, headDim: shape.headDim)
  }

  private func values(_ layout: Layout, _ head: Int, _ scratch: EagerScratch) -> ExactRows {
    let (shape, kvHead) = (layout.shape, head / layout.shape.groupHeads)
    if !layout.isExpanded, let exact = layout.job.cache.store.exactRows(head: kvHead) { return exact.values }
    return ExactRows(
      elements: scratch.expanded.base + layout.expanded + head * (layout.keyBytes + layout.valueBytes)
        + layout.keyBytes, element: layout.element, headDim: shape.headDim)
  }

  // MARK: Passes

  private func scaleQueries(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) {
    let queries = scratch.queries.base
    pool.run(blocks.count) { task in
      let block = blocks[task]
      let layout = layouts[block.layout]
      let headDim = layout.shape.headDim
      let scale = 1 / Float(headDim).squareRoot()
      for token in block.tokens {
        let source = layout.job.rows.queries + token * layout.job.rows.queryStride + block.head * headDim
        let target = queries + (layout.rows + block.head * layout.job.tokens + token) * headDim
        for channel in 0..<headDim { target[channel] = source[channel] * scale }
      }
    }
  }

  /// Calls `body` with every row of scores: its numbers, its KV head, token, and place among all rows.
  private func forEachRow(
    _ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch,
    _ body: (_ layout: Layout, _ line: UnsafeMutablePointer<Float>, _ kvHead: Int, _ token: Int, _ row: Int) -> Void
  ) {
    let scores = scratch.scores.base
    pool.run(blocks.count) { task in
      let block = blocks[task]
      let layout = layouts[block.layout]
      for token in block.tokens {
        let row = block.head * layout.job.tokens + token
        body(
          layout, scores + layout.scores + row * layout.stride, block.head / layout.shape.groupHeads, token,
          layout.rows + row)
      }
    }
  }

  /// Scores to weights, a pass over all rows for each operation; `corner` masks the last so many rows and columns alone.
  private func weigh(
    _ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch, corner: Int? = nil
  ) throws {
    let (scores, masks, queries) = (scratch.scores.base, scratch.masks.base, scratch.queries.base)
    let (maxima, totals) = (scratch.rowMaxima.base, scratch.rowTotals.base)
    func limit(_ layout: Layout, _ token: Int, _ kvHead: Int) -> Int {
      let own = layout.job.limit(token, head: kvHead)
      let total = layout.job.total(head: kvHead)
      return corner.map { own - 1 >= total - $0 ? own : total } ?? own
    }
    func query(_ layout: Layout, _ token: Int, _ kvHead: Int, _ mask: WindowMask?) -> Int {
      layout.job.position ?? mask?.position(slot: layout.job.limit(token, head: kvHead) - 1) ?? 0
    }
    pool.run(blocks.count) { task in
      let block = blocks[task]
      let layout = layouts[block.layout]
      let kvHead = block.head / layout.shape.groupHeads
      let keys = keys(layout, block.head, scratch)
      let first = block.head * layout.job.tokens + block.tokens.lowerBound
      let slots = 0..<layout.job.total(head: kvHead)
      let (source, out) = (
        queries + (layout.rows + first) * layout.shape.headDim, scores + layout.scores + first * layout.stride
      )
      func score(
        _ queries: UnsafePointer<Float>, _ slots: Range<Int>, _ out: UnsafeMutablePointer<Float>, _ stride: Int
      ) {
        kernels.keyScores(
          keys, slots.lowerBound / 16..<(slots.upperBound + 15) / 16, queries, block.tokens.count, out, stride)
      }
      // Slots are renumbered for steps alone: until the prompt is complete, queries stand at their own positions.
      if let position = layout.job.position {
        TurnedScores(cache: layout.job.cache, head: kvHead, rotary: rotary, position: position).score(
          slots, queries: source, rows: block.tokens.count, out: out, outStride: layout.stride, by: score)
      } else {
        score(source, slots, out, layout.stride)
      }
    }
    // The mask is written, then added.
    let maskRows = layouts.indices.flatMap { index in
      (0..<layouts[index].maskHeads).map { (index: index, head: $0) }
    }
    pool.run(maskRows.count) { task in
      let (layout, kvHead) = (layouts[maskRows[task].index], maskRows[task].head)
      let total = layout.job.total(head: kvHead)
      let mask = WindowMask(layout.job.cache, head: kvHead)
      for token in 0..<layout.job.tokens {
        let line = masks + layout.masks + (kvHead * layout.job.tokens + token) * layout.stride
        let limit = limit(layout, token, kvHead)
        line.update(repeating: 0, count: limit)
        if limit < total { (line + limit).update(repeating: -.infinity, count: total - limit) }
        mask?.fill(line, 0..<limit, query: query(layout, token, kvHead, mask), with: -.infinity)
      }
    }
    forEachRow(layouts, blocks, scratch) { layout, line, kvHead, token, row in
      let maskHead = layout.maskHeads == 1 ? 0 : kvHead
      let mask = masks + layout.masks + (maskHead * layout.job.tokens + token) * layout.stride
      kernels.add(line, mask, layout.job.total(head: kvHead))
    }
    forEachRow(layouts, blocks, scratch) { layout, line, kvHead, _, row in
      maxima[row] = kernels.maximum(line, layout.job.total(head: kvHead))
    }
    for layout in layouts {
      for row in 0..<layout.queryHeads * layout.job.tokens where !maxima[layout.rows + row].isFinite {
        throw EngineProblems.notFinite(
          layer: layout.job.cache.layer, head: row / layout.job.tokens / layout.shape.groupHeads, isStored: false)
      }
    }
    forEachRow(layouts, blocks, scratch) { layout, line, kvHead, token, row in
      let limit = limit(layout, token, kvHead)
      let total = layout.job.total(head: kvHead)
      totals[row] = kernels.exponentiate(line, limit, maxima[row])
      // What is masked is 0 and not the kernel's smallest exponential, whose quotients would be denormal and slow.
      if limit < total { (line + limit).update(repeating: 0, count: total - limit) }
      let mask = WindowMask(layout.job.cache, head: kvHead)
      mask?.fill(line, 0..<limit, query: query(layout, token, kvHead, mask), with: 0)
    }
    forEachRow(layouts, blocks, scratch) { layout, line, kvHead, _, row in
      kernels.scale(line, 1 / totals[row], layout.job.total(head: kvHead))
    }
    try pool.check()
  }

  /// Weights to the cache's element, in the first half of their row; single precision stays as it is.
  private func cast(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) {
    forEachRow(layouts, blocks, scratch) { layout, line, kvHead, _, _ in
      guard layout.shape.element == .float16 else { return }
      let total = layout.job.total(head: kvHead)
      let halves = UnsafeMutableRawPointer(line)
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 256) { run in
        guard let run = run.baseAddress else { return }
        for first in Swift.stride(from: 0, to: total, by: 256) {
          let count = min(256, total - first)
          kernels.halfFromFloat(line + first, count, run)
          (halves + first * 2).copyMemory(from: run, byteCount: count * 2)
        }
      }
    }
  }

  /// Outputs from the stored weights.
  private func sum(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) throws {
    let scores = scratch.scores.base
    let area = scratch.weights.base
    let longest = layouts.map(\.stride).max() ?? 0
    pool.run(blocks.count) { task, worker in
      let block = blocks[task]
      let layout = layouts[block.layout]
      let (headDim, kvHead) = (layout.shape.headDim, block.head / layout.shape.groupHeads)
      let total = layout.job.total(head: kvHead)
      let values = values(layout, block.head, scratch)
      let isHalf = layout.shape.element == .float16
      withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.sumRows * headDim) { sums in
        guard let sums = sums.baseAddress else { return }
        for first in Swift.stride(from: block.tokens.lowerBound, to: block.tokens.upperBound, by: Self.sumRows) {
          let count = min(Self.sumRows, block.tokens.upperBound - first)
          var weights = scores + layout.scores + (block.head * layout.job.tokens + first) * layout.stride
          var stride = layout.stride
          if isHalf {
            let rows = area + worker * Self.sumRows * longest
            for row in 0..<count {
              let stored = UnsafeRawPointer(weights + row * layout.stride).assumingMemoryBound(to: UInt16.self)
              kernels.floatFromHalf(stored, total, rows + row * longest)
            }
            (weights, stride) = (rows, longest)
          }
          sums.update(repeating: 0, count: count * headDim)
          kernels.accumulateValues(values, 0..<total, weights, stride, count, sums)
          for row in 0..<count {
            (layout.job.rows.out + (first + row) * layout.job.rows.outStride + block.head * headDim)
              .update(from: sums + row * headDim, count: headDim)
          }
        }
      }
    }
    try pool.check()
  }

  // MARK: What methods ask for

  /// One more read of a prompt's weights: their sums by key, the mean over the group's query heads.
  private func addColumns(_ layouts: [Layout], _ scratch: EagerScratch, corner: Int? = nil) {
    let scores = scratch.scores.base
    for layout in layouts {
      let (shape, job) = (layout.shape, layout.job)
      pool.run(shape.kvHeads) { head in
        guard let table = job.cache.table(head: head) else { return }
        let total = job.total(head: head)
        table.columnSums.withUnsafeMutableBufferPointer { sums in
          guard let base = sums.baseAddress, sums.count >= total else { return }
          for token in 0..<job.tokens {
            for part in 0..<shape.groupHeads {
              let row = (head * shape.groupHeads + part) * job.tokens + token
              kernels.addScaled(
                base, scores + layout.scores + row * layout.stride, 1 / Float(shape.groupHeads), total)
            }
          }
        }
      }
    }
  }

  /// Makes one weight of a group's query heads, by the rule that the method asked for, before the cast.
  private func gatherStepWeights(_ layouts: [Layout], _ scratch: EagerScratch) {
    let (scores, observed) = (scratch.scores.base, scratch.observed.base)
    for layout in layouts where layout.job.cache.needs.stepWeights {
      let (shape, job) = (layout.shape, layout.job)
      let rule = job.cache.needs.stepRule
      let share = rule == .mean ? 1 / Float(shape.groupHeads) : 1
      pool.run(shape.kvHeads) { head in
        let total = job.total(head: head)
        let target = observed + layout.observed + head * layout.stride
        for part in 0..<shape.groupHeads {
          let line = scores + layout.scores + (head * shape.groupHeads + part) * layout.stride
          if part == 0 {
            for slot in 0..<total { target[slot] = line[slot] * share }
          } else if rule == .max {
            for slot in 0..<total { target[slot] = max(target[slot], line[slot]) }
          } else {
            kernels.addScaled(target, line, share, total)
          }
        }
      }
    }
  }

  private func observe(_ layouts: [Layout], _ scratch: EagerScratch) {
    let observed = scratch.observed.base
    let asking = layouts.filter { $0.job.cache.needs.stepWeights }
    guard !asking.isEmpty else { return }
    let tasks = asking.indices.flatMap { index in (0..<asking[index].shape.kvHeads).map { (index, $0) } }
    pool.run(tasks.count) { task in
      let (layout, head) = (asking[tasks[task].0], tasks[task].1)
      layout.job.cache.observeStep(
        head: head, weights: observed + layout.observed + head * layout.stride, count: layout.job.total(head: head))
    }
    clock.lap(.score)
  }
}
