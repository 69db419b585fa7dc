import CIntrinsics
import KernelABI

/// Scores against keys that are restored, mended and turned a block of 16 tokens at a time: tokens in the lanes, up to four
/// query rows in registers, pairs of channels in order.
@Sendable func bookKeyScores(
  _ keys: BookKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
) {
  var block = blocks.lowerBound
  while block < blocks.upperBound {
    switch keys.bits {
    case 2: restoreBlock(keys, block, scratch, bits: 2)
    case 3: restoreBlock(keys, block, scratch, bits: 3)
    case 4: restoreBlock(keys, block, scratch, bits: 4)
    case 5: restoreBlock(keys, block, scratch, bits: 5)
    default: restoreBlock(keys, block, scratch, bits: 8)
    }
    let index = block - blocks.lowerBound
    turnBlock(keys, index, scratch)
    let target = out + index * 16
    var row = 0
    while row < rows {
      let left = rows - row
      let q = queries + row * keys.headDim
      if left >= 4 {
        scoreBlock(keys, index, scratch, q, target + row * outStride, outStride, rows: 4)
        row = row + 4
      } else if left == 3 {
        scoreBlock(keys, index, scratch, q, target + row * outStride, outStride, rows: 3)
        row = row + 3
      } else if left == 2 {
        scoreBlock(keys, index, scratch, q, target + row * outStride, outStride, rows: 2)
        row = row + 2
      } else {
        scoreBlock(keys, index, scratch, q, target + row * outStride, outStride, rows: 1)
        row = row + 1
      }
    }
    block = block + 1
  }
}

/// Writes the keys of a block as they were before their rotation, [headDim, 16]; `bits` is a literal.
@inline(always) private func restoreBlock(
  _ keys: BookKeys, _ block: Int, _ tile: UnsafeMutablePointer<Float>, bits: Int
) {
  let table = LaneLevels(keys.levels)
  let units = keys.headDim / 32
  var words = keys.codes + block * units * LaneCodes.unitWords(bits)
  kv_prefetch(words + 4 * units * LaneCodes.unitWords(bits), units * LaneCodes.unitWords(bits) * 4)
  var channel = 0
  while channel < keys.headDim {
    var last = lastBits(words, bits: bits)
    var word = 0
    while word < LaneCodes.lowBits(bits) {
      var low = kv_load_u32x16(words + word * 16)
      var code = 0
      while code < 32 / LaneCodes.lowBits(bits) {
        let level = table.levels(low, last, bits: bits)
        let number = multiplyAdd(
          Floats(repeating: keys.offsets[channel]), level, Floats(repeating: keys.ranges[channel]))
        storeFloats(number, tile + channel * 16)
        low = low &>> SIMD16(repeating: UInt32(truncatingIfNeeded: LaneCodes.lowBits(bits)))
        if bits & 1 == 1 { last = last &>> SIMD16(repeating: 1) }
        channel = channel + 1
        code = code + 1
      }
      word = word + 1
    }
    words = words + LaneCodes.unitWords(bits)
  }
  var outlier = Int(keys.outliers.starts[block])
  let end = Int(keys.outliers.starts[block + 1])
  while outlier < end {
    tile[Int(keys.outliers.places[outlier])] = kv_half_to_float_scalar(keys.outliers.values[outlier])
    outlier = outlier + 1
  }
}

/// Turns each token of a block from the block's base to its place.
@inline(always) private func turnBlock(_ keys: BookKeys, _ index: Int, _ tile: UnsafeMutablePointer<Float>) {
  let turns = keys.turns
  let cosines = turns.ways + index * turns.wayStride
  let sines = cosines + turns.pairs * 16
  var pair = 0
  while pair < turns.pairs {
    let first = tile + pair * turns.pairStep * 16
    let second = first + turns.pairDistance * 16
    let a = loadFloats(first)
    let b = loadFloats(second)
    let cosine = loadFloats(cosines + pair * 16)
    let sine = loadFloats(sines + pair * 16)
    storeFloats(multiplyAdd(a * cosine, 0 - b, sine), first)
    storeFloats(multiplyAdd(b * cosine, a, sine), second)
    pair = pair + 1
  }
}

/// Dot products of a block with queries that take back the rotation of its base; `rows` is a literal at every call.
@inline(always) private func scoreBlock(
  _ keys: BookKeys, _ index: Int, _ tile: UnsafeMutablePointer<Float>, _ queries: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int
) {
  let d = keys.headDim
  let turns = keys.turns
  let turned = tile + 16 * d  // [rows, headDim]
  let cosines = turns.bases + index * 2 * turns.pairs
  let sines = cosines + turns.pairs
  var row = 0
  while row < rows {
    let q = queries + row * d
    let t = turned + row * d
    var pair = 0
    if turns.pairStep == 1 {
      while pair + 16 <= turns.pairs {
        let a = loadFloats(q + pair)
        let b = loadFloats(q + pair + turns.pairDistance)
        let cosine = loadFloats(cosines + pair)
        let sine = loadFloats(sines + pair)
        storeFloats(multiplyAdd(a * cosine, b, sine), t + pair)
        storeFloats(multiplyAdd(b * cosine, 0 - a, sine), t + pair + turns.pairDistance)
        pair = pair + 16
      }
    }
    while pair < turns.pairs {
      let first = pair * turns.pairStep
      let second = first + turns.pairDistance
      t[first] = q[first] * cosines[pair] + q[second] * sines[pair]
      t[second] = q[second] * cosines[pair] - q[first] * sines[pair]
      pair = pair + 1
    }
    var channel = 2 * turns.pairs
    while channel < d {
      t[channel] = q[channel]
      channel = channel + 1
    }
    row = row + 1
  }
  var s0 = Floats()
  var s1 = Floats()
  var s2 = Floats()
  var s3 = Floats()
  var c = 0
  while c < d {
    let key = loadFloats(tile + c * 16)
    s0 = multiplyAdd(s0, key, Floats(repeating: turned[c]))
    if rows > 1 { s1 = multiplyAdd(s1, key, Floats(repeating: turned[d + c])) }
    if rows > 2 { s2 = multiplyAdd(s2, key, Floats(repeating: turned[2 * d + c])) }
    if rows > 3 { s3 = multiplyAdd(s3, key, Floats(repeating: turned[3 * d + c])) }
    c = c + 1
  }
  storeFloats(s0, out)
  if rows > 1 { storeFloats(s1, out + outStride) }
  if rows > 2 { storeFloats(s2, out + 2 * outStride) }
  if rows > 3 { storeFloats(s3, out + 3 * outStride) }
}
