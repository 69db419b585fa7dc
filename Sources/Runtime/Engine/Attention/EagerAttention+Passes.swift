import KernelABI

/// The passes over all rows, one for each operation.
extension EagerAttention {
  func scaleQueries(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) {
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
  func forEachRow(
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
  func weigh(
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
        layout.job.cache.turns(head: kvHead, query: position).withUnsafeBufferPointer { turns in
          TurnedScores(turns: turns, rotary: Uncounted(rotary), headDim: layout.shape.headDim).score(
            slots, queries: source, rows: block.tokens.count, out: out, outStride: layout.stride, by: score)
        }
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
  func cast(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) {
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
  func sum(_ layouts: [Layout], _ blocks: [Block], _ scratch: EagerScratch) throws {
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
}
