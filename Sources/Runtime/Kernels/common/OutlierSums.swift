import CIntrinsics
import KernelABI

/// out[row, token] += query[row, channel] * number, outlier by outlier, four rows side by side.
@Sendable func addOutlierScores(
  _ outliers: OutlierRun, _ queries: UnsafePointer<Float>, _ rows: Int, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
) {
  let d = outliers.headDim
  let width = Int32(truncatingIfNeeded: d)
  let tokens = Int32(truncatingIfNeeded: outliers.tokens)
  let sums = scratch + 4 * d
  var row = 0
  while row < rows {
    let present = Int32(truncatingIfNeeded: rows - row < 4 ? rows - row : 4)
    kv_interleave_rows(queries + row * d, d, width, present, scratch)
    kv_clear(sums, 4 * outliers.tokens)
    kv_add_outliers(
      outliers.places, outliers.numbers, outliers.count, outliers.firstPlace, width, scratch, sums, 0,
      1)
    kv_add_interleaved(sums, tokens, present, out + row * outStride, outStride)
    row = row + 4
  }
}

/// acc[row, channel] += weight[row, token] * number, outlier by outlier into four sums that are then added.
@Sendable func addOutlierValues(
  _ outliers: OutlierRun, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) {
  let d = outliers.headDim
  let width = Int32(truncatingIfNeeded: d)
  let tokens = Int32(truncatingIfNeeded: outliers.tokens)
  let factors = scratch + 16 * d
  var row = 0
  while row < rows {
    let present = Int32(truncatingIfNeeded: rows - row < 4 ? rows - row : 4)
    kv_interleave_rows(weights + row * weightStride, weightStride, tokens, present, factors)
    kv_clear(scratch, 16 * d)
    kv_add_outliers(
      outliers.places, outliers.numbers, outliers.count, outliers.firstPlace, width, factors, scratch,
      4 * d, 0)
    var i = 0
    while i < 4 * d {
      let first = loadFloats(scratch + i) + loadFloats(scratch + 4 * d + i)
      let second = loadFloats(scratch + 8 * d + i) + loadFloats(scratch + 12 * d + i)
      storeFloats(first + second, scratch + i)
      i = i + 16
    }
    kv_add_interleaved(scratch, width, present, acc + row * d, d)
    row = row + 4
  }
}
