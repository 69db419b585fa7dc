import CIntrinsics
import KernelABI

/// Outliers into blocks of 16 tokens with an entry for each channel that has any.
@Sendable func maskOutliers(
  _ places: UnsafePointer<UInt32>, _ numbers: UnsafePointer<Float>, _ count: Int, _ headDim: Int, _ blocks: Int,
  _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
  _ entries: UnsafeMutablePointer<UInt32>, _ entryBlocks: UnsafeMutablePointer<UInt32>,
  _ starts: UnsafeMutablePointer<UInt32>, _ scratch: UnsafeMutablePointer<UInt64>
) -> Int {
  kv_mask_outliers(
    places, numbers, count, Int32(truncatingIfNeeded: headDim), blocks, outPlaces, outValues, entries, entryBlocks,
    starts, scratch)
}

/// out[row, token] += query[row, channel] * (number - offset), 16 tokens of a channel at once.
@Sendable func addMaskedScores(
  _ outliers: OutlierMasks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  var row = 0
  while row < rows {
    let query = queries + row * outliers.headDim
    let line = out + row * outStride
    if rows - row >= 3 {
      maskedScoreTile(outliers, blocks, query, line, outStride, rows: 3)
      row = row + 3
    } else {
      maskedScoreTile(outliers, blocks, query, line, outStride, rows: 1)
      row = row + 1
    }
  }
}

/// `rows` is a literal at every call.
@inline(always) private func maskedScoreTile(
  _ outliers: OutlierMasks, _ blocks: Range<Int>, _ query: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, rows: Int
) {
  let d = outliers.headDim
  let offset = Floats(repeating: outliers.offset)
  let start = outliers.starts + 2 * blocks.lowerBound
  var entry = Int(start[0])
  let end = Int(outliers.starts[2 * blocks.upperBound])
  var values = outliers.values + Int(start[1])
  // One loop over all blocks: how many entries one has cannot be foretold.
  while entry < end {
    let mask = outliers.entries[entry] & 0xffff
    let channel = query + Int(outliers.entries[entry] &>> 16)
    let target = out + (Int(outliers.entryBlocks[entry]) - blocks.lowerBound) * 16
    let x = kv_expand_half16(values, mask, outliers.offset) - offset
    storeFloats(multiplyAdd(loadFloats(target), x, Floats(repeating: channel[0])), target)
    if rows > 1 {
      let second = target + outStride
      let third = second + outStride
      storeFloats(multiplyAdd(loadFloats(second), x, Floats(repeating: channel[d])), second)
      storeFloats(multiplyAdd(loadFloats(third), x, Floats(repeating: channel[2 * d])), third)
    }
    values = values + mask.nonzeroBitCount
    entry = entry + 1
  }
}
