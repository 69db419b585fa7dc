import KernelABI

/// Attention of a tile of prompt tokens against everything before and among them: one KV head, its query heads.
///
/// Scores of a row are complete before its softmax, so a row's bits do not depend on how the prompt is cut in chunks.
struct PromptAttention {
  /// Prompt tokens of one tile; tiles begin at multiples of it.
  static let tileTokens = 16

  let cache: LayerCache
  let head: Int
  let kernels: KernelTable
  /// Tokens the cache held before the chunk.
  let before: Int
  /// Tokens it holds with the chunk.
  let total: Int

  private var group: Int { cache.shape.groupHeads }
  private var headDim: Int { cache.shape.headDim }

  static func stride(_ tokens: Int) -> Int { (tokens + 63) / 32 * 32 }

  /// Floats of scratch for the weights, queries and sums of a tile.
  static func scratch(total: Int, shape: CacheShape) -> (weights: Int, rows: Int) {
    (tileTokens * shape.groupHeads * stride(total), tileTokens * shape.groupHeads * shape.headDim)
  }

  /// The first slot that a tile's queries may see, down to a multiple.
  ///
  /// From the tile's place in the text, not in the chunk, so that bits do not depend on the chunks.
  static func firstSlot(_ mask: WindowMask?, place: Int, multiple: Int) -> Int {
    (mask?.firstSlot(query: place / tileTokens * tileTokens) ?? 0) / multiple * multiple
  }

  /// Attends tokens `tile` of the chunk; adds to `columns` [total] if given, and the nanoseconds of that to `scoreTime`.
  /// False if a score is not finite.
  func attend(
    _ tile: Range<Int>, _ rows: AttentionRows, weights: UnsafeMutablePointer<Float>,
    queries: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, columns: UnsafeMutablePointer<Float>?,
    scoreTime: UnsafeMutablePointer<UInt64>? = nil
  ) -> Bool {
    rows.scaleQueries(of: tile, head: head, shape: cache.shape, into: queries)
    let seen = before + tile.upperBound
    let stride = Self.stride(total)
    let count = tile.count * group
    let mask = WindowMask(cache, head: head)
    let first = Self.firstSlot(mask, place: before + tile.lowerBound, multiple: 32)
    cache.store.scores(
      head: head, queries: queries, rows: count, tokens: first..<seen, out: weights + first, outStride: stride)
    let window = cache.needs.columnSums
    func scoring(_ work: () -> Void) {
      let began = PhaseClock.now()
      work()
      scoreTime?.pointee &+= PhaseClock.now() &- began
    }
    if let columns, case .cornerMasked(let corner) = window {
      scoring { addCornerMasked(tile, queries, columns, mask, corner: corner) }
    }
    for row in 0..<count {
      let limit = before + tile.lowerBound + row / group + 1
      let line = weights + row * stride
      let query = mask?.position(slot: limit - 1) ?? 0
      mask?.fill(line + first, first..<limit, query: query, with: WindowMask.hiddenScore)
      let maximum = kernels.maximum(line + first, limit - first)
      guard maximum.isFinite else { return false }
      if let recorder = cache.recorder {
        let (token, part) = (before + tile.lowerBound + row / group, row % group)
        recorder.record(line, first..<limit, head: head, token: token, row: part, into: recorder.scores)
      }
      let inverse = 1 / kernels.exponentiate(line + first, limit - first, maximum)
      mask?.fill(line + first, first..<limit, query: query, with: 0)
      if seen > limit { (line + limit).update(repeating: 0, count: seen - limit) }
      kernels.scale(line + first, inverse, limit - first)
      if let recorder = cache.recorder {
        let (token, part) = (before + tile.lowerBound + row / group, row % group)
        recorder.record(line, first..<limit, head: head, token: token, row: part, into: recorder.weights)
      }
    }
    if let columns, window == .causal {
      scoring {
        for row in 0..<count {
          let limit = before + tile.lowerBound + row / group + 1
          kernels.addScaled(columns + first, weights + row * stride + first, 1 / Float(group), limit - first)
        }
      }
    }
    sums.update(repeating: 0, count: count * headDim)
    cache.store.accumulate(
      head: head, weights: weights + first, weightStride: stride, rows: count, tokens: first..<seen, acc: sums)
    for token in tile {
      (rows.out + token * rows.outStride + head * group * headDim)
        .update(from: sums + (token - tile.lowerBound) * group * headDim, count: group * headDim)
    }
    return true
  }

  /// Column sums of a softmax over all keys, the mask applied in the last `corner` rows and columns only.
  private func addCornerMasked(
    _ tile: Range<Int>, _ queries: UnsafePointer<Float>, _ columns: UnsafeMutablePointer<Float>, _ mask: WindowMask?,
    corner: Int
  ) {
    let stride = Self.stride(total)
    let count = tile.count * group
    let share = 1 / Float(group)
    withKernelScratch(of: Float.self, capacity: count * stride) { area in
      guard let lines = area.baseAddress else { return }
      cache.store.scores(head: head, queries: queries, rows: count, tokens: 0..<total, out: lines, outStride: stride)
      for row in 0..<count {
        let token = before + tile.lowerBound + row / group
        let limit = token >= total - corner ? token + 1 : total
        let line = lines + row * stride
        let query = mask?.position(slot: token) ?? 0
        mask?.fill(line, 0..<limit, query: query, with: WindowMask.hiddenScore)
        let maximum = kernels.maximum(line, limit)
        guard maximum.isFinite else { return }
        let inverse = share / kernels.exponentiate(line, limit, maximum)
        mask?.fill(line, 0..<limit, query: query, with: 0)
        kernels.addScaled(columns, line, inverse, limit)
      }
    }
  }
}
