import KernelABI

extension LayerAttention {
  /// Tells a sequence's flow, if it asks, how the newest queries weigh the slots of a layer; `rows` are the sequence's, the
  /// newest token last. Recomputed from queries and keys before anything is packed.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func observe(
    _ sequence: SequenceCache, layer: Int, _ rows: AttentionRows, positions: [Int], _ scratch: inout AttentionScratch
  ) throws {
    guard let flow = sequence.flow else { return }
    let queries = min(flow.observedQueries(layer: layer), positions.count)
    guard queries > 0 else { return }
    let cache = sequence.layers[layer]
    let shape = cache.shape
    let slots = cache.store.count(head: 0)
    let stride = PromptAttention.stride(slots)
    let group = shape.groupHeads
    scratch.weights.reserve(shape.kvHeads * group * stride)
    scratch.queries.reserve(shape.kvHeads * group * shape.headDim)
    scratch.failures.reserve(shape.kvHeads)
    let (base, scaled, failures) = (scratch.weights.base, scratch.queries.base, scratch.failures.base)
    var all: [Float] = []
    for query in positions.count - queries..<positions.count {
      failures.update(repeating: 0, count: shape.kvHeads)
      let source = rows.queries + query * rows.queryStride
      pool.run(shape.kvHeads) { head in
        let lines = base + head * group * stride
        let isFinite = weigh(
          cache, head: head, source + head * group * shape.headDim, position: positions[query], lines,
          stride: stride, slots: slots, scaled: scaled + head * group * shape.headDim)
        if !isFinite { failures[head] = 1 }
      }
      for head in 0..<shape.kvHeads where failures[head] != 0 {
        throw EngineProblems.notFinite(layer: layer, head: head, isStored: false)
      }
      // Heads in order, so that bits do not depend on threads.
      var mean = [Float](repeating: 0, count: slots)
      for line in 0..<shape.kvHeads * group {
        for slot in 0..<slots { mean[slot] += base[line * stride + slot] }
      }
      let share = 1 / Float(shape.kvHeads * group)
      all += mean.map { $0 * share }
    }
    flow.observe(layer: layer, weights: all, queries: queries)
  }

  /// Weights of one query of a KV head's group over all slots [group, slots]; false if a score is not finite.
  private func weigh(
    _ cache: LayerCache, head: Int, _ source: UnsafePointer<Float>, position: Int,
    _ lines: UnsafeMutablePointer<Float>, stride: Int, slots: Int, scaled: UnsafeMutablePointer<Float>
  ) -> Bool {
    let (group, headDim) = (cache.shape.groupHeads, cache.shape.headDim)
    let scale = 1 / Float(headDim).squareRoot()
    for index in 0..<group * headDim { scaled[index] = source[index] * scale }
    cache.store.scores(head: head, queries: scaled, rows: group, tokens: 0..<slots, out: lines, outStride: stride)
    let mask = WindowMask(cache, head: head)
    for row in 0..<group {
      let line = lines + row * stride
      mask?.fill(line, 0..<slots, query: position, with: WindowMask.hiddenScore)
      let maximum = kernels.maximum(line, slots)
      guard maximum.isFinite else { return false }
      kernels.scale(line, 1 / kernels.exponentiate(line, slots, maximum), slots)
      mask?.fill(line, 0..<slots, query: position, with: 0)
    }
    return true
  }
}
