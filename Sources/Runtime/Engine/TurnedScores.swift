import KernelABI

/// Scores of one query against keys whose slots are renumbered: the query is turned, run by run, so that distances are
/// those of the slots' ranks.
struct TurnedScores {
  /// Of all slots, in their order; empty where nothing turns.
  let turns: UnsafeBufferPointer<SlotTurn>
  let rotary: Uncounted<RotaryTable>
  let headDim: Int

  /// Scores of a range of slots, `out[0]` the range's first; `score` scores an aligned range with given queries.
  func score(
    _ range: Range<Int>, queries: UnsafePointer<Float>, rows: Int, out: UnsafeMutablePointer<Float>, outStride: Int,
    by score: (
      _ queries: UnsafePointer<Float>, _ tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void
  ) {
    guard !turns.isEmpty else { return score(queries, range, out, outStride) }
    let alignment = 32
    withKernelScratch(of: Float.self, capacity: rows * (headDim + range.count + 3 * alignment)) { area in
      guard let turned = area.baseAddress else { return }
      let scores = turned + rows * headDim
      for run in turns {
        let slots = run.slots.clamped(to: range)
        if slots.isEmpty { continue }
        turned.update(from: queries, count: rows * headDim)
        if run.turn != 0 {
          rotary.with { for row in 0..<rows { $0.turn(turned + row * headDim, by: Int(run.turn)) } }
        }
        // A store scores aligned ranges only, so a run is scored with its neighbours and cut out.
        let first = slots.lowerBound / alignment * alignment
        let stride = (slots.upperBound - first + alignment - 1) / alignment * alignment + alignment
        score(turned, first..<slots.upperBound, scores, stride)
        for row in 0..<rows {
          (out + row * outStride + slots.lowerBound - range.lowerBound)
            .update(from: scores + row * stride + slots.lowerBound - first, count: slots.count)
        }
      }
    }
  }
}
