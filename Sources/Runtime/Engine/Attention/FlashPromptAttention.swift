import KernelABI

/// FlashAttention-2's forward pass over a tile of prompt tokens: one KV head, whose query heads share every tile of keys
/// and values that is loaded (sheet engines).
///
/// Key tiles begin at multiples of their size in the cache, so a row's bits do not depend on how the prompt is cut.
struct FlashPromptAttention {
  let cache: LayerCache
  let head: Int
  let kernels: KernelTable
  /// Keys of a tile.
  let keyTile: Int
  /// Tokens the cache held before the chunk, and holds with it.
  let before: Int
  let total: Int

  private var group: Int { cache.shape.groupHeads }
  private var headDim: Int { cache.shape.headDim }

  /// Floats of scratch for the scores of a tile, its queries, and its running sums.
  static func scratch(keyTile: Int, shape: CacheShape) -> (weights: Int, rows: Int, sums: Int) {
    let rows = PromptAttention.tileTokens * shape.groupHeads
    return (rows * stride(keyTile), rows * shape.headDim, rows * (shape.headDim + 2))
  }

  /// A row of scores has room for the blocks of 32 that a packed store writes.
  private static func stride(_ keyTile: Int) -> Int { keyTile + 32 }

  /// Attends tokens `tile` of the chunk; adds to `columns` [total] if given, and the nanoseconds of that to `scoreTime`.
  /// False if a score is not finite.
  func attend(
    _ tile: Range<Int>, _ rows: AttentionRows, weights: UnsafeMutablePointer<Float>,
    queries: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, columns: UnsafeMutablePointer<Float>?,
    scoreTime: UnsafeMutablePointer<UInt64>? = nil
  ) -> Bool {
    rows.scaleQueries(of: tile, head: head, shape: cache.shape, into: queries)
    let count = tile.count * group
    let softmax = RunningSoftmax(
      kernels: kernels, maxima: sums, totals: sums + count, sums: sums + 2 * count, headDim: headDim)
    softmax.start(rows: count)
    let isFinite = sweep(tile, queries, weights) { row, line, visible in
      softmax.absorb(line, visible, row: row)
    } tile: { range in
      cache.store.accumulate(
        head: head, weights: weights, weightStride: Self.stride(keyTile), rows: count, tokens: range, acc: softmax.sums)
    }
    guard isFinite else { return false }
    for row in 0..<count {
      softmax.finish(
        row: row,
        into: rows.out + (tile.lowerBound + row / group) * rows.outStride + (head * group + row % group) * headDim)
    }
    guard let columns, let needs = cache.needs.columnSums else { return true }
    let began = PhaseClock.now()
    defer { scoreTime?.pointee &+= PhaseClock.now() &- began }
    switch needs {
    case .causal: break
    case .cornerMasked(let corner):
      // Another softmax, over later keys too: its own maxima and totals come first.
      softmax.start(rows: count)
      guard sweep(tile, queries, weights, corner: corner, { softmax.absorb($1, $2, row: $0) }) else { return false }
    }
    let corner: Int? = if case .cornerMasked(let corner) = needs { corner } else { nil }
    var first = 0
    return sweep(tile, queries, weights, corner: corner) { row, line, visible in
      _ = kernels.exponentiate(line, visible, softmax.maxima[row])
      kernels.addScaled(columns + first, line, 1 / (softmax.totals[row] * Float(group)), visible)
      return true
    } begin: {
      first = $0
    }
  }

  /// Goes over the tiles of keys: scores of all rows, then `row` for each with the keys it may see, then `tile`.
  ///
  /// What a row may not see of a tile is 0 when `tile` is called, whose weights the row's are.
  private func sweep(
    _ tile: Range<Int>, _ queries: UnsafePointer<Float>, _ weights: UnsafeMutablePointer<Float>, corner: Int? = nil,
    _ body: (_ row: Int, _ line: UnsafeMutablePointer<Float>, _ visible: Int) -> Bool,
    begin: (_ first: Int) -> Void = { _ in }, tile finish: (_ keys: Range<Int>) -> Void = { _ in }
  ) -> Bool {
    let count = tile.count * group
    let stride = Self.stride(keyTile)
    let mask = WindowMask(cache, head: head)
    let first =
      corner == nil ? PromptAttention.firstSlot(mask, place: before + tile.lowerBound, multiple: keyTile) : 0
    let end = corner == nil ? before + tile.upperBound : total
    for start in Swift.stride(from: first, to: end, by: keyTile) {
      let range = start..<min(start + keyTile, end)
      begin(start)
      cache.store.scores(
        head: head, queries: queries, rows: count, tokens: range, out: weights, outStride: stride)
      for row in 0..<count {
        let token = before + tile.lowerBound + row / group
        let line = weights + row * stride
        let limit = corner.map { token >= total - $0 ? token + 1 : total } ?? token + 1
        let visible = min(limit - start, range.count)
        guard visible > 0 else {
          line.update(repeating: 0, count: range.count)
          continue
        }
        let query = mask?.position(slot: token) ?? 0
        mask?.fill(line, start..<start + visible, query: query, with: WindowMask.hiddenScore)
        guard body(row, line, visible) else { return false }
        mask?.fill(line, start..<start + visible, query: query, with: 0)
        if visible < range.count { (line + visible).update(repeating: 0, count: range.count - visible) }
      }
      finish(range)
    }
    return true
  }
}
