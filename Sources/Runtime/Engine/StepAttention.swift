import KernelABI

/// Attention of one new token of a sequence against its cache: one KV head and the query heads that share it.
///
/// What is read of the cache, all of it or a selection, is read in parts of `partTokens`, each with its own softmax, merged
/// by log-sum-exp in order; the parts do not depend on threads or batch, so neither do the bits.
///
/// Addresses and numbers alone: threads that attend parts of one head count no reference to what it reads.
struct StepAttention: BitwiseCopyable {
  static var partTokens: Int { 512 }

  private let cache: Uncounted<LayerCache>
  private let head: Int
  private let kernels: Uncounted<KernelTable>
  private let rotary: Uncounted<RotaryTable>
  /// Position of the query.
  private let position: Int
  /// The token's row.
  private let rows: AttentionRows
  /// Keys of the tiles that a part's running sums go by; nil if the scores of a part are complete before its softmax.
  private let keyTile: Int?
  /// Whether the method chooses what is read.
  let selects: Bool
  /// Whether slots may be hidden from the query.
  private let isMasked: Bool
  let group: Int
  let headDim: Int

  init(
    _ step: LayerAttention.Step, head: Int, kernels: Uncounted<KernelTable>, rotary: Uncounted<RotaryTable>,
    keyTile: Int?
  ) {
    cache = step.cache
    self.head = head
    self.kernels = kernels
    self.rotary = rotary
    position = step.position
    rows = step.rows
    self.keyTile = keyTile
    (selects, isMasked, group, headDim) = step.cache.with {
      ($0.select != nil, $0.window != nil || $0.flow != nil, $0.shape.groupHeads, $0.shape.headDim)
    }
  }

  /// Floats of scratch for a head that holds `tokens` tokens; with tiles of keys, scores of a whole row are kept only if
  /// they are asked for.
  func scratch(tokens: Int, keepsScores: Bool) -> Int {
    let parts = max(1, (tokens + Self.partTokens - 1) / Self.partTokens)
    let lines = keyTile == nil || keepsScores ? Self.rounded(tokens) : 0
    let floats = group * (lines + parts * (headDim + 2) + headDim + parts * (keyTile.map(Self.tileStride) ?? 0))
    // The next head's vectors then lie in whole cache lines too.
    return (floats + 15) / 16 * 16
  }

  /// A row of a tile's scores has room for the blocks of 32 that a packed store writes.
  private static func tileStride(_ keyTile: Int) -> Int { keyTile + 32 }

  private static func rounded(_ tokens: Int) -> Int { (tokens + 63) / 32 * 32 }

  /// Areas of one task's scratch.
  struct Areas: BitwiseCopyable {
    let weights: UnsafeMutablePointer<Float>  // [group, stride]
    let stride: Int
    let queries: UnsafeMutablePointer<Float>  // [group, headDim]
    let sums: UnsafeMutablePointer<Float>  // [parts, group, headDim]
    let tiles: UnsafeMutablePointer<Float>  // [parts, group, tileStride], with tiles of keys
    let extremes: UnsafeMutablePointer<Float>  // [parts, group, 2]: maximum, sum of exponentials
    /// What is read; nothing has been chosen before `choose`.
    var reading: StepReading
    /// Bytes that the selector itself read to choose; nil if it chose everything, or there is none.
    var selectorBytes: Int?
    /// Where all tasks' turns lie, and which of them are this one's: how the queries turn, slots in their order; none where
    /// nothing turns.
    var turns: UnsafePointer<SlotTurn>?
    var firstTurn = 0
    var turnCount = 0
    var slotTurns: UnsafeBufferPointer<SlotTurn> {
      UnsafeBufferPointer(start: turns.map { $0 + firstTurn }, count: turnCount)
    }
    var tokens: Int { reading.columns }
    var parts: Int { max(1, (tokens + partTokens - 1) / partTokens) }

    /// Areas for a head that holds `tokens` tokens and reads all of them, until something has been chosen.
    init(
      _ base: UnsafeMutablePointer<Float>, tokens: Int, of attention: StepAttention, keepsLines: Bool
    ) {
      reading = StepReading(all: tokens)
      let parts = max(1, (tokens + partTokens - 1) / partTokens)
      stride = rounded(tokens)
      weights = base
      queries = weights + (keepsLines ? attention.group * stride : 0)
      sums = queries + attention.group * attention.headDim
      tiles = sums + parts * attention.group * attention.headDim
      extremes = tiles + parts * attention.group * (attention.keyTile.map(tileStride) ?? 0)
    }
  }

  /// Tokens of the head once this step's token is stored.
  var tokensAfterStep: Int { cache.with { $0.store.count(head: head) + 1 } }

  /// Appends how the query turns before it meets the keys of the head's slots.
  func writeTurns(into turns: inout SlotTurns) {
    cache.with { $0.writeTurns(head: head, query: position, into: &turns) }
  }

  /// Whether the slots are those of the head before, which turn alike.
  var sharesTurns: Bool { head > 0 && cache.with { $0.sharesTable } }

  /// Appends the token; false if its key or value cannot be stored as finite numbers.
  func append() -> Bool {
    cache.with { cache in
      guard rows.storable(head: head, tokens: 1, shape: cache.shape) else { return false }
      cache.append(
        head: head, keys: rows.keys + head * headDim, values: rows.values + head * headDim, stride: rows.keyStride,
        tokens: 1)
      return true
    }
  }

  /// Lets the selector choose what the loaded queries read; `scratch` has `StepReading.scratch`.
  func choose(_ areas: inout Areas, scratch: UnsafeMutablePointer<UInt32>) {
    let selection = SlotSelection(scratch, rows: group, tokens: areas.tokens)
    cache.with { cache in
      guard let own = cache.select?.select(head: head, queries: areas.queries, into: selection) else { return }
      areas.reading = StepReading(selection, blockSlots: cache.store.rangeAlignment)
      areas.selectorBytes = own
    }
  }

  /// Notes how much the choice reads, for which a store may have to look at all of its heads: once none of them grows.
  func noteRead(_ areas: Areas) {
    cache.with { cache in
      cache.noteSelectedRead(
        head: head,
        bytes: areas.selectorBytes.map {
          $0 + areas.reading.readBytes(cache.store, head: head, heads: cache.shape.kvHeads)
        })
    }
  }

  func loadQueries(_ areas: Areas) {
    let scale = 1 / Float(headDim).squareRoot()
    let source = rows.queries + head * group * headDim
    for index in 0..<group * headDim { areas.queries[index] = source[index] * scale }
  }

  /// Scores, exponentials and weighted values of one part; false if a score is not finite.
  func attend(part: Int, _ areas: Areas) -> Bool {
    cache.with { cache in
      kernels.with { kernels in
        if let keyTile { return attendTiles(keyTile, part: part, areas, cache, kernels) }
        return attend(part: part, areas, cache, kernels)
      }
    }
  }

  private func attend(part: Int, _ areas: Areas, _ cache: LayerCache, _ kernels: KernelTable) -> Bool {
    let range = part * Self.partTokens..<min(areas.tokens, (part + 1) * Self.partTokens)
    let weights = areas.weights + range.lowerBound
    score(range, areas, cache, weights, stride: areas.stride)
    var isFinite = true
    let mask = isMasked ? WindowMask(cache, head: head) : nil
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

  /// The same a tile of keys at a time, each with the largest score of those before it: nothing but a tile's scores is held,
  /// unless a method asks for the step's weights.
  private func attendTiles(
    _ keyTile: Int, part: Int, _ areas: Areas, _ cache: LayerCache, _ kernels: KernelTable
  ) -> Bool {
    let range = part * Self.partTokens..<min(areas.tokens, (part + 1) * Self.partTokens)
    let stride = Self.tileStride(keyTile)
    let lines = areas.tiles + part * group * stride
    let extremes = areas.extremes + part * group * 2
    let mask = isMasked ? WindowMask(cache, head: head) : nil
    // The scores' rows may be longer than those of the group, so what a row has is kept apart and written at the end.
    return withKernelScratch(of: Float.self, capacity: 2 * group) { area in
      guard let state = area.baseAddress else { return false }
      let softmax = RunningSoftmax(
        kernels: kernels, maxima: state, totals: state + group, sums: areas.sums + part * group * headDim,
        headDim: headDim)
      softmax.start(rows: group)
      for start in Swift.stride(from: range.lowerBound, to: range.upperBound, by: keyTile) {
        let tile = start..<min(start + keyTile, range.upperBound)
        score(tile, areas, cache, lines, stride: stride)
        for row in 0..<group {
          let line = lines + row * stride
          mask?.fill(line, tile, query: position, with: WindowMask.hiddenScore)
          areas.reading.fill(line, tile, row: row, with: WindowMask.hiddenScore)
          if cache.needs.stepWeights {
            (areas.weights + row * areas.stride + start).update(from: line, count: tile.count)
          }
          guard softmax.absorb(line, tile.count, row: row) else { return false }
          mask?.fill(line, tile, query: position, with: 0)
          areas.reading.fill(line, tile, row: row, with: 0)
        }
        areas.reading.runs(tile) { slots, column in
          cache.store.accumulate(
            head: head, weights: lines + column - start, weightStride: stride, rows: group, tokens: slots,
            acc: softmax.sums)
        }
      }
      for row in 0..<group {
        extremes[2 * row] = softmax.totals[row] > 0 ? softmax.maxima[row] : WindowMask.hiddenScore
        extremes[2 * row + 1] = softmax.totals[row]
      }
      return true
    }
  }

  /// Scores of columns of what is read, `weights[0]` the range's first; layers with a window and caches that renumber have
  /// no selection.
  private func score(
    _ range: Range<Int>, _ areas: Areas, _ cache: LayerCache, _ weights: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard areas.reading.isAll else {
      areas.reading.runs(range) { slots, column in
        cache.store.scores(
          head: head, queries: areas.queries, rows: group, tokens: slots, out: weights + column - range.lowerBound,
          outStride: stride)
      }
      return
    }
    guard areas.turnCount > 0 else {
      return cache.store.scores(
        head: head, queries: areas.queries, rows: group, tokens: range, out: weights, outStride: stride)
    }
    TurnedScores(turns: areas.slotTurns, rotary: rotary, headDim: headDim).score(
      range, queries: areas.queries, rows: group, out: weights, outStride: stride
    ) { queries, tokens, out, outStride in
      self.cache.with {
        $0.store.scores(
          head: head, queries: queries, rows: group, tokens: tokens, out: out, outStride: outStride)
      }
    }
  }

  /// Merges the parts into the outputs.
  func merge(_ areas: Areas) {
    let out = rows.out + head * group * headDim
    withKernelScratch(of: Float.self, capacity: areas.parts) { buffer in
      guard let factors = buffer.baseAddress else { return }
      for row in 0..<group {
        let total = partFactors(row, areas, factors)
        let target = out + row * headDim
        for channel in 0..<headDim { target[channel] = 0 }
        for part in 0..<areas.parts {
          let factor = factors[part]
          let sums = areas.sums + (part * group + row) * headDim
          for channel in 0..<headDim { target[channel] += sums[channel] * factor }
        }
        // A row to which everything is hidden has no weights: its output is 0.
        let inverse = total > 0 ? 1 / total : 0
        for channel in 0..<headDim { target[channel] *= inverse }
      }
    }
  }

  /// Writes what each part of a row counts beside the part of the largest score; returns the sum of all exponentials.
  private func partFactors(_ row: Int, _ areas: Areas, _ factors: UnsafeMutablePointer<Float>) -> Float {
    for part in 0..<areas.parts { factors[part] = areas.extremes[(part * group + row) * 2] }
    // The part of the largest score has e^0, which is 1 to the last bit.
    _ = kernels.with { $0.exponentiate(factors, areas.parts, maximum(row, areas)) }
    var total: Float = 0
    for part in 0..<areas.parts { total += areas.extremes[(part * group + row) * 2 + 1] * factors[part] }
    return total
  }

  /// Hands the weights to the methods that asked for them; after `merge`.
  func observe(_ areas: Areas) {
    cache.with { cache in
      guard cache.needs.stepWeights else { return }
      withKernelScratch(of: Float.self, capacity: areas.parts) { buffer in
        guard let factors = buffer.baseAddress else { return }
        for row in 0..<group {
          let total = partFactors(row, areas, factors)
          if keyTile != nil { exponentiate(row, areas, cache, maximum: maximum(row, areas)) }
          normalise(row, areas, factors, inverse: 1 / total, rule: cache.needs.stepRule)
        }
      }
      cache.observeStep(head: head, weights: areas.weights, count: areas.tokens)
    }
  }

  /// The largest score of a row over all parts.
  private func maximum(_ row: Int, _ areas: Areas) -> Float {
    var maximum = -Float.infinity
    for part in 0..<areas.parts { maximum = max(maximum, areas.extremes[(part * group + row) * 2]) }
    return maximum
  }

  /// Turns a row's scores, kept while tiles went by, into exponentials relative to its largest.
  private func exponentiate(_ row: Int, _ areas: Areas, _ cache: LayerCache, maximum: Float) {
    let line = areas.weights + row * areas.stride
    _ = kernels.with { $0.exponentiate(line, areas.tokens, maximum) }
    guard isMasked else { return }
    WindowMask(cache, head: head)?.fill(line, 0..<areas.tokens, query: position, with: 0)
  }

  /// Turns a row's exponentials into weights and adds them to the first row, by the rule that the method asked for.
  private func normalise(
    _ row: Int, _ areas: Areas, _ factors: UnsafePointer<Float>, inverse: Float, rule: GroupRule
  ) {
    let share = rule == .mean ? inverse / Float(group) : inverse
    for part in 0..<areas.parts {
      let range = part * Self.partTokens..<min(areas.tokens, (part + 1) * Self.partTokens)
      let factor = (keyTile == nil ? factors[part] : 1) * share
      let line = areas.weights + row * areas.stride
      if row == 0 {
        for token in range { areas.weights[token] *= factor }
      } else if rule == .max {
        for token in range { areas.weights[token] = max(areas.weights[token], line[token] * factor) }
      } else {
        kernels.with { $0.addScaled(areas.weights + range.lowerBound, line + range.lowerBound, factor, range.count) }
      }
    }
  }
}
