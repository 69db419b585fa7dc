import KernelABI

/// Scores of one query against keys whose slots may be renumbered: the query is turned, run by run, so that distances are
/// those of the slots' ranks.
struct TurnedScores {
  let cache: LayerCache
  let head: Int
  let rotary: RotaryTable
  /// Position of the query.
  let position: Int

  /// Scores of a range of slots, `out[0]` the range's first; `score` scores an aligned range with given queries.
  func score(
    _ range: Range<Int>, queries: UnsafePointer<Float>, rows: Int, out: UnsafeMutablePointer<Float>, outStride: Int,
    by score: (
      _ queries: UnsafePointer<Float>, _ tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void
  ) {
    let headDim = cache.shape.headDim
    let runs =
      cache.renumbers
      ? cache.table(head: head)?.runs(in: range, query: Int32(truncatingIfNeeded: position)) ?? [] : []
    guard runs.contains(where: { $0.turn != 0 }) else { return score(queries, range, out, outStride) }
    let alignment = 32
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * (headDim + range.count + 3 * alignment)) { area in
      guard let turned = area.baseAddress else { return }
      let scores = turned + rows * headDim
      for run in runs {
        turned.update(from: queries, count: rows * headDim)
        if run.turn != 0 {
          for row in 0..<rows { rotary.turn(turned + row * headDim, by: Int(run.turn)) }
        }
        // A store scores aligned ranges only, so a run is scored with its neighbours and cut out.
        let first = run.slots.lowerBound / alignment * alignment
        let stride = (run.slots.upperBound - first + alignment - 1) / alignment * alignment + alignment
        score(turned, first..<run.slots.upperBound, scores, stride)
        for row in 0..<rows {
          (out + row * outStride + run.slots.lowerBound - range.lowerBound)
            .update(from: scores + row * stride + run.slots.lowerBound - first, count: run.slots.count)
        }
      }
    }
  }
}
