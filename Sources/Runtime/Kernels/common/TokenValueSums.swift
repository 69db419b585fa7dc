import CIntrinsics
import KernelABI

/// Weighted sums of values with a scale a token: 32 channels in the lanes, up to three weight rows in registers, tokens in
/// order.
@Sendable func accumulateTokenValues(
  _ values: TokenValues, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) {
  var first = tokens.lowerBound
  while first < tokens.upperBound {
    let left = tokens.upperBound - first
    let run = TokenRun(
      values: values, first: first, count: left < TokenValues.runTokens ? left : TokenValues.runTokens, scaled: scratch)
    let weights = weights + (first - tokens.lowerBound)
    var row = 0
    while row < rows {
      let w = weights + row * weightStride
      let target = acc + row * values.headDim
      if rows - row == 3 || rows - row > 4 {
        sumRows(run, w, weightStride, target, rows: 3)
        row = row + 3
      } else if rows - row > 1 {
        sumRows(run, w, weightStride, target, rows: 2)
        row = row + 2
      } else {
        sumRows(run, w, weightStride, target, rows: 1)
        row = row + 1
      }
    }
    first = first + run.count
  }
}

/// Tokens that are summed together, and where weight * scale is written.
private struct TokenRun {
  let values: TokenValues
  let first: Int
  let count: Int
  let scaled: UnsafeMutablePointer<Float>  // [row, runTokens]
}

@inline(always) private func sumRows(
  _ run: TokenRun, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ acc: UnsafeMutablePointer<Float>, rows: Int
) {
  switch run.values.bits {
  case 2: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 2)
  case 3: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 3)
  case 4: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 4)
  case 5: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 5)
  default: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 8)
  }
}

/// `rows` and `bits` are literals at every call.
@inline(always) private func sumChannels(
  _ run: TokenRun, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ acc: UnsafeMutablePointer<Float>, rows: Int,
  bits: Int
) {
  let d = run.values.headDim
  let table = LaneLevels(run.values.levels)
  let blockWords = d / 16 * LaneCodes.unitWords(bits)
  var offsets = SIMD4<Float>()
  var channel = 0
  while channel < d {
    if channel % run.values.groupChannels == 0 {
      let group = channel / run.values.groupChannels
      var row = 0
      while row < rows {
        offsets[row] = scaledWeights(
          run, group, weights + row * weightStride, run.scaled + row * TokenValues.runTokens)
        row = row + 1
      }
    }
    var a0 = Floats()
    var a1 = Floats()
    var a2 = Floats()
    var b0 = Floats()
    var b1 = Floats()
    var b2 = Floats()
    var words = run.values.codes + run.first / 32 * blockWords + channel / 16 * LaneCodes.unitWords(bits)
    var token = 0
    while token < run.count {
      kv_prefetch(words + 4 * blockWords, LaneCodes.unitWords(bits) * 8)
      let other = words + LaneCodes.unitWords(bits)
      var lastA = lastBits(words, bits: bits)
      var lastB = lastBits(other, bits: bits)
      var w = UnsafePointer(run.scaled) + token
      var word = 0
      while word < LaneCodes.lowBits(bits) {
        var lowA = kv_load_u32x16(words + word * 16)
        var lowB = kv_load_u32x16(other + word * 16)
        var code = 0
        while code < 32 / LaneCodes.lowBits(bits) {
          let a = table.levels(lowA, lastA, bits: bits)
          let b = table.levels(lowB, lastB, bits: bits)
          let first = Floats(repeating: w[0])
          a0 = multiplyAdd(a0, a, first)
          b0 = multiplyAdd(b0, b, first)
          if rows > 1 {
            let second = Floats(repeating: w[TokenValues.runTokens])
            a1 = multiplyAdd(a1, a, second)
            b1 = multiplyAdd(b1, b, second)
          }
          if rows > 2 {
            let third = Floats(repeating: w[2 * TokenValues.runTokens])
            a2 = multiplyAdd(a2, a, third)
            b2 = multiplyAdd(b2, b, third)
          }
          let shift = SIMD16<UInt32>(repeating: UInt32(truncatingIfNeeded: LaneCodes.lowBits(bits)))
          lowA = lowA &>> shift
          lowB = lowB &>> shift
          if bits & 1 == 1 {
            lastA = lastA &>> SIMD16(repeating: 1)
            lastB = lastB &>> SIMD16(repeating: 1)
          }
          w = w + 1
          code = code + 1
        }
        word = word + 1
      }
      words = words + blockWords
      token = token + 32
    }
    finish(a0, b0, offsets[0], acc + channel)
    if rows > 1 { finish(a1, b1, offsets[1], acc + d + channel) }
    if rows > 2 { finish(a2, b2, offsets[2], acc + 2 * d + channel) }
    channel = channel + 32
  }
}

@inline(always) private func finish(_ a: Floats, _ b: Floats, _ offset: Float, _ acc: UnsafeMutablePointer<Float>) {
  storeFloats(loadFloats(acc) + (a + offset), acc)
  storeFloats(loadFloats(acc + 16) + (b + offset), acc + 16)
}

/// Writes weight * scale of the run, zeros up to a multiple of 32; returns the sum of weight * minimum.
@inline(never) private func scaledWeights(
  _ run: TokenRun, _ group: Int, _ weights: UnsafePointer<Float>, _ scaled: UnsafeMutablePointer<Float>
) -> Float {
  let groups = run.values.headDim / run.values.groupChannels
  var offset = Floats()
  var i = 0
  while i < (run.count + 31) / 32 * 32 {
    let token = run.first + i
    let place = (token / 32 * groups + group) * 32 + token % 32
    var w = Floats()
    var minimum = kv_load_half16(run.values.minima + place)
    var scale = kv_load_half16(run.values.scales + place)
    if i + 16 <= run.count {
      w = loadFloats(weights + i)
    } else {
      // What lies past the last token is nobody's number: it must not be multiplied, even by zero.
      var lane = 0
      while lane < 16 {
        if i + lane < run.count {
          w[lane] = weights[i + lane]
        } else {
          minimum[lane] = 0
          scale[lane] = 0
        }
        lane = lane + 1
      }
    }
    offset = multiplyAdd(offset, w, minimum)
    storeFloats(w * scale, scaled + i)
    i = i + 16
  }
  return laneSum(offset)
}
