import KernelABI

/// Where a job's tensors lie, and the keys and values that are written out for every query head.
extension EagerAttention {
  func layouts(_ jobs: [Job], _ scratch: inout EagerScratch, _ traffic: inout EngineTraffic) -> [Layout] {
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
  func expand(_ layouts: [Layout], _ scratch: EagerScratch, _ traffic: inout EngineTraffic) {
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
  func decodeKeys(
    _ store: any LayerStore, head: Int, _ total: Int, _ headDim: Int, into blocks: UnsafeMutablePointer<Float>
  ) {
    let rows = AlignedBuffer<Float>(count: total * headDim)
    store.keyRows(head: head, tokens: 0..<total, into: rows.base)
    for token in 0..<total {
      let target = blocks + token / 16 * 16 * headDim + token % 16
      for channel in 0..<headDim { target[channel * 16] = rows.base[token * headDim + channel] }
    }
  }

  func keys(_ layout: Layout, _ head: Int, _ scratch: EagerScratch) -> ExactRows {
    let (shape, kvHead) = (layout.shape, head / layout.shape.groupHeads)
    if !layout.isExpanded, let exact = layout.job.cache.store.exactRows(head: kvHead) { return exact.keys }
    return ExactRows(
      elements: scratch.expanded.base + layout.expanded + head * (layout.keyBytes + layout.valueBytes),
      element: layout.element, headDim: shape.headDim)
  }

  func values(_ layout: Layout, _ head: Int, _ scratch: EagerScratch) -> ExactRows {
    let (shape, kvHead) = (layout.shape, head / layout.shape.groupHeads)
    if !layout.isExpanded, let exact = layout.job.cache.store.exactRows(head: kvHead) { return exact.values }
    return ExactRows(
      elements: scratch.expanded.base + layout.expanded + head * (layout.keyBytes + layout.valueBytes)
        + layout.keyBytes, element: layout.element, headDim: shape.headDim)
  }
}
