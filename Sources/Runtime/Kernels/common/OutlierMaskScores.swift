import CIntrinsics
import KernelABI

/// Outliers into blocks of 16 tokens with an entry for each channel that has any.
@Sendable func maskOutliers(
  _ places: UnsafePointer<UInt32>, _ numbers: UnsafePointer<Float>, _ count: Int, _ headDim: Int, _ blocks: Int,
  _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
  _ entries: UnsafeMutablePointer<UInt32>, _ starts: UnsafeMutablePointer<UInt32>,
  _ scratch: UnsafeMutablePointer<UInt64>
) -> Int {
  kv_mask_outliers(
    places, numbers, count, Int32(truncatingIfNeeded: headDim), blocks, outPlaces, outValues, entries, starts, scratch)
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
  var block = blocks.lowerBound
  while block < blocks.upperBound {
    let start = outliers.starts + 2 * block
    var entry = outliers.entries + Int(start[0])
    let end = outliers.entries + Int(start[2])
    var values = outliers.values + Int(start[1])
    let target = out + (block - blocks.lowerBound) * 16
    block = block + 1
    guard entry < end else { continue }
    var a = loadFloats(target)
    var b = rows > 1 ? loadFloats(target + outStride) : Floats()
    var c = rows > 1 ? loadFloats(target + 2 * outStride) : Floats()
    while entry < end {
      let mask = entry[0] & 0xffff
      let channel = query + Int(entry[0] &>> 16)
      let x = kv_expand_half16(values, mask, outliers.offset) - offset
      a = multiplyAdd(a, x, Floats(repeating: channel[0]))
      if rows > 1 {
        b = multiplyAdd(b, x, Floats(repeating: channel[d]))
        c = multiplyAdd(c, x, Floats(repeating: channel[2 * d]))
      }
      values = values + mask.nonzeroBitCount
      entry = entry + 1
    }
    storeFloats(a, target)
    if rows > 1 {
      storeFloats(b, target + outStride)
      storeFloats(c, target + 2 * outStride)
    }
  }
}
