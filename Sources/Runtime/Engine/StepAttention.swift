import KernelABI

/// Attention of one new token of a sequence against its cache: one KV head and the query heads that share it.
///
/// What is read of the cache, all of it or a selection, is read in parts of `partTokens`, each with its own softmax, merged
/// by log-sum-exp in order; the parts do not depend on threads or batch, so neither do the bits.
struct StepAttention {
  static let partTokens = 512

  let cache: LayerCache
  let head: Int
  let kernels: KernelTable
  let rotary: RotaryTable
  /// Position of the query.
  let position: Int

  private var group: Int { cache.shape.groupHeads }
  private var headDim: Int { cache.shape.headDim }

  /// Floats of scratch for a head that holds `tokens` tokens.
  static func scratch(tokens: Int, shape: CacheShape) -> Int {
    let parts = max(1, (tokens + partTokens - 1) / partTokens)
    return shape.groupHeads * (rounded(tokens) + parts * (shape.headDim + 2) + shape.headDim)
  }

  private static func rounded(_ tokens: Int) -> Int { (tokens + 63) / 32 * 32 }

  /// Areas of one task's scratch.
  struct Areas {
    let weights: UnsafeMutablePointer<Float>  // [group, stride]
    let stride: Int
    let sums: UnsafeMutablePointer<Float>  // [parts, group, headDim]
    let extremes: UnsafeMutablePointer<Float>  // [parts, group, 2]: maximum, sum of exponentials
    let queries: UnsafeMutablePointer<Float>  // [group, headDim]
    /// What is read; nothing has been chosen before `choose`.
    let reading: StepReading
    var tokens: Int { reading.columns }
    var parts: Int { max(1, (tokens + partTokens - 1) / partTokens) }

    /// Areas for a head that holds `tokens` tokens and reads all of them, or as many as have been chosen.
    init(_ base: UnsafeMutablePointer<Float>, tokens: Int, shape: CacheShape, reading: StepReading? = nil) {
      self.reading = reading ?? StepReading(all: tokens)
      stride = rounded(tokens)
      weights = base
      queries = weights + shape.groupHeads * stride
      sums = queries + shape.groupHeads * shape.headDim
      extremes = sums + max(1, (tokens + partTokens - 1) / partTokens) * shape.groupHeads * shape.headDim
    }
  }

  /// Appends the token; `rows` is the token's row. False if its key or value cannot be stored as finite numbers.
  func append(_ rows: AttentionRows) -> Bool {
    guard rows.storable(head: head, tokens: 1, shape: cache.shape) else { return false }
    cache.append(
      head: head, keys: rows.keys + head * headDim, values: rows.values + head * headDim, stride: rows.keyStride,
      tokens: 1)
    return true
  }

  /// Lets the selector choose what the loaded queries read of `tokens` tokens; `scratch` has `StepReading.scratch`.
  func choose(
    _ select: any SelectState, queries: UnsafePointer<Float>, tokens: Int, scratch: UnsafeMutablePointer<UInt32>
  ) -> StepReading {
    let selection = SlotSelection(scratch, rows: group, tokens: tokens)
    guard let own = select.select(head: head, queries: queries, into: selection) else {
      cache.noteSelectedRead(head: head, bytes: nil)
      return StepReading(all: tokens)
    }
    let reading = StepReading(selection, blockSlots: cache.store.rangeAlignment)
    cache.noteSelectedRead(
      head: head, bytes: own + reading.readBytes(cache.store, head: head, heads: cache.shape.kvHeads))
    return reading
  }

  func loadQueries(_ rows: AttentionRows, _ areas: Areas) {
    let scale = 1 / Float(headDim).squareRoot()
    let source = rows.queries + head * group * headDim
    for index in 0..<group * headDim { areas.queries[index] = source[index] * scale }
  }

  /// Scores, exponentials and weighted values of one part; false if a score is not finite.
  func attend(part: Int, _ areas: Areas) -> Bool {
    let range = part * Self.partTokens..<min(areas.tokens, (part + 1) * Self.partTokens)
    let weights = areas.weights + range.lowerBound
    if areas.reading.isAll { score(range, areas, weights) } else { scoreSelected(range, areas) }
    var isFinite = true
    let mask = WindowMask(cache, head: head)
    for row in 0..<group {
      let line = weights + row * areas.stride
      mask?.fill(line, range, query: position, with: WindowMask.hiddenScore)
      areas.reading.fill(line, range, row: row, with: WindowMask.hiddenScore)
      let maximum = kernels.maximum(line, range.count)
      guard maximum.isFinite else {
        isFinite = false
        continue
      }
      areas.extremes[(part * group + row) * 2] = maximum
      let isHidden = maximum == WindowMask.hiddenScore
      areas.extremes[(part * group + row) * 2 + 1] = isHidden ? 0 : kernels.exponentiate(line, range.count, maximum)
      mask?.fill(line, range, query: position, with: 0)
      areas.reading.fill(line, range, row: row, with: 0)
    }
    guard isFinite else { return false }
    let sums = areas.sums + part * group * headDim
    sums.update(repeating: 0, count: group * headDim)
    areas.reading.runs(range) { slots, column in
      cache.store.accumulate(
        head: head, weights: areas.weights + column, weightStride: areas.stride, rows: group, tokens: slots, acc: sums)
    }
    return true
  }

  /// Scores of a selection's columns; layers with a window and caches that renumber have none.
  private func scoreSelected(_ columns: Range<Int>, _ areas: Areas) {
    areas.reading.runs(columns) { slots, column in
      cache.store.scores(
        head: head, queries: areas.queries, rows: group, tokens: slots, out: areas.weights + column,
        outStride: areas.stride)
    }
  }

  private func score(_ range: Range<Int>, _ areas: Areas, _ weights: UnsafeMutablePointer<Float>) {
    let runs =
      cache.renumbers
      ? cache.table(head: head)?.runs(in: range, query: Int32(truncatingIfNeeded: position)) ?? [] : []
    guard runs.contains(where: { $0.turn != 0 }) else {
      cache.store.scores(
        head: head, queries: areas.queries, rows: group, tokens: range, out: weights, outStride: areas.stride)
      return
    }
    let alignment = 32
    withUnsafeTemporaryAllocation(of: Float.self, capacity: group * (headDim + range.count + 3 * alignment)) { area in
      guard let turned = area.baseAddress else { return }
      let scores = turned + group * headDim
      for run in runs {
        turned.update(from: areas.queries, count: group * headDim)
        if run.turn != 0 {
          for row in 0..<group { rotary.turn(turned + row * headDim, by: Int(run.turn)) }
        }
        // A store scores aligned ranges only, so a run is scored with its neighbours and cut out.
        let first = run.slots.lowerBound / alignment * alignment
        let stride = (run.slots.upperBound - first + alignment - 1) / alignment * alignment + alignment
        cache.store.scores(
          head: head, queries: turned, rows: group, tokens: first..<run.slots.upperBound, out: scores,
          outStride: stride)
        for row in 0..<group {
          (weights + row * areas.stride + run.slots.lowerBound - range.lowerBound)
            .update(from: scores + row * stride + run.slots.lowerBound - first, count: run.slots.count)
        }
      }
    }
  }

  /// Merges the parts into the outputs.
  func merge(_ areas: Areas, into rows: AttentionRows) {
    let out = rows.out + head * group * headDim
    for row in 0..<group {
      let maximum = maximum(row, areas)
      var total: Float = 0
      let target = out + row * headDim
      for channel in 0..<headDim { target[channel] = 0 }
      for part in 0..<areas.parts {
        let extreme = areas.extremes + (part * group + row) * 2
        let factor = factor(extreme[0], maximum)
        total += extreme[1] * factor
        let sums = areas.sums + (part * group + row) * headDim
        for channel in 0..<headDim { target[channel] += sums[channel] * factor }
      }
      let inverse = 1 / total
      for channel in 0..<headDim { target[channel] *= inverse }
    }
  }

  /// Hands the weights to the methods that asked for them; after `merge`.
  func observe(_ areas: Areas) {
    guard cache.needs.stepWeights else { return }
    for row in 0..<group {
      let maximum = maximum(row, areas)
      var total: Float = 0
      for part in 0..<areas.parts {
        let extreme = areas.extremes + (part * group + row) * 2
        total += extreme[1] * factor(extreme[0], maximum)
      }
      normalise(row, areas, maximum: maximum, inverse: 1 / total)
    }
    cache.observeStep(head: head, weights: areas.weights, count: areas.tokens)
  }

  /// The largest score of a row over all parts.
  private func maximum(_ row: Int, _ areas: Areas) -> Float {
    var maximum = -Float.infinity
    for part in 0..<areas.parts { maximum = max(maximum, areas.extremes[(part * group + row) * 2]) }
    return maximum
  }

  private func factor(_ partMaximum: Float, _ maximum: Float) -> Float {
    if partMaximum == maximum { return 1 }
    var difference = partMaximum
    _ = kernels.exponentiate(&difference, 1, maximum)
    return difference
  }

  /// Turns a row's exponentials into weights and adds them to the first row, by the rule that the method asked for.
  private func normalise(_ row: Int, _ areas: Areas, maximum: Float, inverse: Float) {
    let rule = cache.needs.stepRule
    let share = rule == .mean ? inverse / Float(group) : inverse
    for part in 0..<areas.parts {
      let range = part * Self.partTokens..<min(areas.tokens, (part + 1) * Self.partTokens)
      let factor = factor(areas.extremes[(part * group + row) * 2], maximum) * share
      let line = areas.weights + row * areas.stride
      if row == 0 {
        for token in range { areas.weights[token] *= factor }
      } else if rule == .max {
        for token in range { areas.weights[token] = max(areas.weights[token], line[token] * factor) }
      } else {
        kernels.addScaled(areas.weights + range.lowerBound, line + range.lowerBound, factor, range.count)
      }
    }
  }
}
