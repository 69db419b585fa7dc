import CIntrinsics
import KernelABI

/// Outliers into groups of four of a channel, run by run.
@Sendable func groupOutliers(
  _ places: UnsafePointer<UInt32>, _ values: UnsafePointer<UInt16>, _ count: Int, _ headDim: Int, _ runs: Int,
  _ filler: UInt16, _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
  _ starts: UnsafeMutablePointer<UInt32>, _ scratch: UnsafeMutablePointer<UInt32>
) -> Int {
  kv_group_outliers(
    places, values, count, Int32(truncatingIfNeeded: headDim), Int32(truncatingIfNeeded: OutlierGroups.runTokens), runs,
    filler, outPlaces, outValues, starts, scratch)
}

/// Groups as lists of the parts of a run.
@Sendable func unfoldOutliers(
  _ groups: OutlierGroups, _ runs: Int, _ parts: Int, _ filler: UInt16, _ outPlaces: UnsafeMutablePointer<UInt32>,
  _ outValues: UnsafeMutablePointer<UInt16>, _ outStarts: UnsafeMutablePointer<UInt32>
) {
  kv_unfold_groups(
    groups.places, groups.values, groups.starts, runs, Int32(truncatingIfNeeded: groups.headDim),
    Int32(truncatingIfNeeded: OutlierGroups.runTokens), Int32(truncatingIfNeeded: parts), filler, outPlaces, outValues,
    outStarts)
}

/// acc[row, channel] += weight[row, token] * (number - offset), four outliers of a channel at once for four rows.
@Sendable func addGroupedValues(
  _ outliers: OutlierGroups, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) {
  let d = outliers.headDim
  let width = Int32(truncatingIfNeeded: d)
  let factors = scratch + 16 * d  // [runTokens, 4]
  var row = 0
  while row < rows {
    let present = Int32(truncatingIfNeeded: rows - row < 4 ? rows - row : 4)
    kv_clear(scratch, 16 * d)
    var first = tokens.lowerBound / OutlierGroups.runTokens * OutlierGroups.runTokens
    while first < tokens.upperBound {
      let start = outliers.starts + first / OutlierGroups.runTokens
      let count = Int(start[1]) - Int(start[0])
      let low = first < tokens.lowerBound ? tokens.lowerBound - first : 0
      let behind = tokens.upperBound - first
      let high = behind < OutlierGroups.runTokens ? behind : OutlierGroups.runTokens
      if count > 0 {
        // Tokens outside the range have no weight.
        kv_clear(factors, 4 * low)
        kv_interleave_rows(
          weights + row * weightStride + first + low - tokens.lowerBound, weightStride,
          Int32(truncatingIfNeeded: high - low), present, factors + 4 * low)
        kv_clear(factors + 4 * high, 4 * (OutlierGroups.runTokens - high))
        kv_add_outlier_groups(
          outliers.places + Int(start[0]), outliers.values + Int(start[0]), count,
          UInt32(truncatingIfNeeded: first * d), width, outliers.offset, factors, scratch)
      }
      first = first + OutlierGroups.runTokens
    }
    kv_fold_groups(scratch, d)
    kv_add_interleaved(scratch, width, present, acc + row * d, d)
    row = row + 4
  }
}
