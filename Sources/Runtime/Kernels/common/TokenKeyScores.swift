import CIntrinsics
import KernelABI

/// Scores against keys with a scale a token: 16 tokens in the lanes, up to four query rows in registers, channels in order.
@Sendable func tokenKeyScores(
  _ keys: TokenKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
) {
  var row = 0
  while row < rows {
    let left = rows - row
    let q = queries + row * keys.headDim
    let target = out + row * outStride
    if left >= 4 {
      scoreRows(keys, blocks, q, target, outStride, scratch, rows: 4)
      row = row + 4
    } else if left == 3 {
      scoreRows(keys, blocks, q, target, outStride, scratch, rows: 3)
      row = row + 3
    } else if left == 2 {
      scoreRows(keys, blocks, q, target, outStride, scratch, rows: 2)
      row = row + 2
    } else {
      scoreRows(keys, blocks, q, target, outStride, scratch, rows: 1)
      row = row + 1
    }
  }
}

@inline(always) private func scoreRows(
  _ keys: TokenKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ sums: UnsafeMutablePointer<Float>, rows: Int
) {
  let groups = keys.headDim / keys.groupChannels
  var index = 0
  while index < rows * groups {
    let q = queries + index * keys.groupChannels
    var sum = Floats()
    var c = 0
    while c < keys.groupChannels {
      sum = sum + loadFloats(q + c)
      c = c + 16
    }
    sums[index] = laneSum(sum)
    index = index + 1
  }
  switch keys.bits {
  case 2: scoreBlocks(keys, blocks, queries, out, outStride, sums, rows: rows, bits: 2)
  case 3: scoreBlocks(keys, blocks, queries, out, outStride, sums, rows: rows, bits: 3)
  case 4: scoreBlocks(keys, blocks, queries, out, outStride, sums, rows: rows, bits: 4)
  case 5: scoreBlocks(keys, blocks, queries, out, outStride, sums, rows: rows, bits: 5)
  default: scoreBlocks(keys, blocks, queries, out, outStride, sums, rows: rows, bits: 8)
  }
}

/// `rows` and `bits` are literals at every call.
@inline(always) private func scoreBlocks(
  _ keys: TokenKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ sums: UnsafePointer<Float>, rows: Int, bits: Int
) {
  let d = keys.headDim
  let groups = d / keys.groupChannels
  let table = LaneLevels(keys.levels)
  let blockWords = d / 32 * LaneCodes.unitWords(bits)
  var words = keys.codes + blocks.lowerBound * blockWords
  var block = blocks.lowerBound
  while block < blocks.upperBound {
    kv_prefetch(words + 8 * blockWords, blockWords * 4)
    var t0 = Floats()
    var t1 = Floats()
    var t2 = Floats()
    var t3 = Floats()
    var channel = 0
    var group = 0
    while group < groups {
      var s0 = Floats()
      var s1 = Floats()
      var s2 = Floats()
      var s3 = Floats()
      let end = channel + keys.groupChannels
      while channel < end {
        var last = lastBits(words, bits: bits)
        var q = queries + channel
        var word = 0
        while word < LaneCodes.lowBits(bits) {
          var low = kv_load_u32x16(words + word * 16)
          var code = 0
          while code < 32 / LaneCodes.lowBits(bits) {
            let key = table.levels(low, last, bits: bits)
            s0 = multiplyAdd(s0, key, Floats(repeating: q[0]))
            if rows > 1 { s1 = multiplyAdd(s1, key, Floats(repeating: q[d])) }
            if rows > 2 { s2 = multiplyAdd(s2, key, Floats(repeating: q[2 * d])) }
            if rows > 3 { s3 = multiplyAdd(s3, key, Floats(repeating: q[3 * d])) }
            low = low &>> SIMD16(repeating: UInt32(truncatingIfNeeded: LaneCodes.lowBits(bits)))
            if bits & 1 == 1 { last = last &>> SIMD16(repeating: 1) }
            q = q + 1
            code = code + 1
          }
          word = word + 1
        }
        words = words + LaneCodes.unitWords(bits)
        channel = channel + 32
      }
      let place = (block * groups + group) * 16
      let scale = kv_load_half16(keys.scales + place)
      let minimum = kv_load_half16(keys.minima + place)
      t0 = t0 + multiplyAdd(minimum * sums[group], s0, scale)
      if rows > 1 { t1 = t1 + multiplyAdd(minimum * sums[groups + group], s1, scale) }
      if rows > 2 { t2 = t2 + multiplyAdd(minimum * sums[2 * groups + group], s2, scale) }
      if rows > 3 { t3 = t3 + multiplyAdd(minimum * sums[3 * groups + group], s3, scale) }
      group = group + 1
    }
    let target = out + (block - blocks.lowerBound) * 16
    storeFloats(t0, target)
    if rows > 1 { storeFloats(t1, target + outStride) }
    if rows > 2 { storeFloats(t2, target + 2 * outStride) }
    if rows > 3 { storeFloats(t3, target + 3 * outStride) }
    block = block + 1
  }
}
