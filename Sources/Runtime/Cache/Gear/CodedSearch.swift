import KernelABI

/// Candidates for outliers of a tensor that has been compressed before, found by their codes: what has another code than
/// the outermost two is as far within the range as a step, less its low-rank part, which reaches that far hardly anywhere.
///
/// Finds just what reading all numbers finds, with their bits. A class, so that a run of tokens counts one reference.
final class CodedSearch {
  private let heads: [GearTensor.Head]
  private let reaches: [LowRankReach]
  private let search: OutlierSearch
  private let kernels: KernelTable

  /// How far within the outermost codes a guess may lie, in steps.
  static var margin: Float { 0.25 }

  /// For guesses that lie `margin` within the range of the codes; the scratch's old outliers are those of `heads`. Nil for
  /// codes of whole bytes, which leave no room for marks, and for a scale that divides nothing.
  init?(_ heads: [GearTensor.Head], _ search: OutlierSearch, _ kernels: KernelTable) {
    guard let codes = heads.first?.codes, codes.bits < 7 else { return nil }
    let scale = codes.quantiser.scale
    guard scale > 0, scale.isFinite else { return nil }
    self.heads = heads
    self.search = search
    self.kernels = kernels
    // A little less than the step without the margin, for what rounding adds.
    let limit = (1 - Self.margin - 0.01) * scale
    reaches = heads.map { LowRankReach($0.lowRank, limit: limit, kernels) }
  }

  /// See `OutlierSearch.Collector`; `exact` writes a run of the tokens that are not held yet, counted from the first of them.
  func collect(
    _ head: Int, _ run: Range<Int>, _ guess: OutlierSearch.Guess, _ values: UnsafeMutablePointer<Float>,
    _ places: UnsafeMutablePointer<UInt32>, _ exact: OutlierSearch.Reader
  ) -> Int {
    let scratch = search.scratch
    let headDim = search.headDim
    let own = heads[head]
    let rows = scratch.rows.base
    let held = run.clamped(to: 0..<own.codes.tokens)
    var found = 0
    if !held.isEmpty {
      let codes = scratch.codes.base
      own.codes.unpack(held, codes, kernels)
      scratch.oldOutliers.overwrite(head, held, rows, codes, headDim: headDim)
      own.lowRank.withWideQ(held, kernels) { q in
        reaches[head].mark(codes, q: q, tokens: held.count)
        let coded = CodedRun(
          codes: codes, numbers: rows, tokens: held.count, headDim: headDim, scale: own.codes.quantiser.scale,
          minimum: own.codes.quantiser.minimum, levels: UInt8(truncatingIfNeeded: Int(own.codes.quantiser.levels)),
          q: q, p: reaches[head].p.base, rank: own.lowRank.rank)
        found = kernels.corrections.collectCoded(
          coded, guess.low, guess.high, UInt32(truncatingIfNeeded: held.lowerBound * headDim), values, places)
      }
    }
    guard held.count < run.count else { return found }
    let first = max(run.lowerBound, own.codes.tokens)
    exact(head, first - own.codes.tokens..<run.upperBound - own.codes.tokens, rows)
    return found
      + kernels.corrections.collectOutside(
        rows, (run.upperBound - first) * headDim, guess.low, guess.high,
        UInt32(truncatingIfNeeded: first * headDim), values + found, places + found)
  }
}
