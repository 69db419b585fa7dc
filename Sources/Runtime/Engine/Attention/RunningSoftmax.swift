import KernelABI

/// Softmax over keys that come a tile at a time: a row's largest score so far, the sum of its exponentials, and its
/// weighted values, all relative to that score (sheet engines, flash).
struct RunningSoftmax {
  let kernels: KernelTable
  /// Largest score of each row so far; -infinity before the first tile.
  let maxima: UnsafeMutablePointer<Float>  // [rows]
  /// Sums of exponentials.
  let totals: UnsafeMutablePointer<Float>  // [rows]
  /// Sums of weighted values.
  let sums: UnsafeMutablePointer<Float>  // [rows, headDim]
  let headDim: Int

  func start(rows: Int) {
    maxima.update(repeating: -.infinity, count: rows)
    totals.update(repeating: 0, count: rows)
    sums.update(repeating: 0, count: rows * headDim)
  }

  /// Takes a row's scores of one tile and leaves their exponentials in their place; the caller adds the weighted values.
  ///
  /// A row to which the whole tile is hidden keeps what it has. False if a score is not finite.
  func absorb(_ line: UnsafeMutablePointer<Float>, _ count: Int, row: Int) -> Bool {
    let largest = kernels.maximum(line, count)
    guard largest.isFinite else { return false }
    guard largest > WindowMask.hiddenScore else {
      line.update(repeating: 0, count: count)
      return true
    }
    let before = maxima[row]
    if largest > before {
      if totals[row] > 0 {
        var factor = before
        _ = kernels.exponentiate(&factor, 1, largest)
        totals[row] *= factor
        kernels.scale(sums + row * headDim, factor, headDim)
      }
      maxima[row] = largest
    }
    totals[row] += kernels.exponentiate(line, count, maxima[row])
    return true
  }

  /// Divides a row's sums by its total; a row that saw nothing is 0.
  func finish(row: Int, into out: UnsafeMutablePointer<Float>) {
    let inverse = totals[row] > 0 ? 1 / totals[row] : 0
    let source = sums + row * headDim
    for channel in 0..<headDim { out[channel] = source[channel] * inverse }
  }
}
