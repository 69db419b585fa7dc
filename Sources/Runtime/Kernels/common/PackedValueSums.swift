import CIntrinsics
import KernelABI

/// Weighted sums of packed values: 16 channels in the lanes, up to four weight rows in registers, byte dot products.
@Sendable func accumulatePackedValues(
  _ values: PackedValueBlocks, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ rows: Int, _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
) {
  let planes = scratch.assumingMemoryBound(to: UInt8.self)
  var first = tokens.lowerBound
  while first < tokens.upperBound {
    let run = first..<min(tokens.upperBound, first + PackedValueBlocks.runTokens)
    let weights = weights + (first - tokens.lowerBound)
    var row = 0
    while row < rows {
      let left = rows - row
      let w = weights + row * weightStride
      let target = acc + row * values.headDim
      if left >= 4 {
        sumRows(values, run, w, weightStride, target, planes, rows: 4)
        row = row + 4
      } else if left == 3 {
        sumRows(values, run, w, weightStride, target, planes, rows: 3)
        row = row + 3
      } else if left == 2 {
        sumRows(values, run, w, weightStride, target, planes, rows: 2)
        row = row + 2
      } else {
        sumRows(values, run, w, weightStride, target, planes, rows: 1)
        row = row + 1
      }
    }
    first = run.upperBound
  }
}

@inline(always) private func sumRows(
  _ values: PackedValueBlocks, _ run: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ acc: UnsafeMutablePointer<Float>, _ planes: UnsafeMutablePointer<UInt8>, rows: Int
) {
  switch values.bits {
  case 2: sumGroups(values, run, weights, weightStride, acc, planes, rows: rows, bits: 2)
  case 4: sumGroups(values, run, weights, weightStride, acc, planes, rows: rows, bits: 4)
  default: sumGroups(values, run, weights, weightStride, acc, planes, rows: rows, bits: 8)
  }
}

/// `rows` and `bits` are literals at every call.
@inline(always) private func sumGroups(
  _ values: PackedValueBlocks, _ run: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ acc: UnsafeMutablePointer<Float>, _ planes: UnsafeMutablePointer<UInt8>, rows: Int, bits: Int
) {
  let d = values.headDim
  let blocks = run.lowerBound / 16..<(run.upperBound + 15) / 16
  // Sixteen channels never straddle a group: groups are multiples of 16.
  var channel = 0
  var steps = SIMD4<Float>()
  var offsets = SIMD4<Float>()
  while channel < d {
    if channel % values.groupChannels == 0 {
      var row = 0
      while row < rows {
        let prepared = scaledWeights(
          values, channel / values.groupChannels, run, weights + row * weightStride,
          planes + row * 2 * PackedValueBlocks.runTokens, planes + 8 * PackedValueBlocks.runTokens)
        steps[row] = prepared.step
        offsets[row] = prepared.offset
        row = row + 1
      }
    }
    sumBlocks(
      values.codes + (blocks.lowerBound * values.blockBytes + channel * 2 * bits), values.blockBytes, blocks.count,
      planes, steps, offsets, acc + channel, d, rows: rows, bits: bits)
    channel = channel + 16
  }
}

/// Writes the planes of weight * scale, zero past the run; offset is the sum of weight * minimum.
@inline(always) private func scaledWeights(
  _ values: PackedValueBlocks, _ group: Int, _ run: Range<Int>, _ weights: UnsafePointer<Float>,
  _ planes: UnsafeMutablePointer<UInt8>, _ scaledBytes: UnsafeMutablePointer<UInt8>
) -> (step: Float, offset: Float) {
  let scaled = UnsafeMutableRawPointer(scaledBytes).assumingMemoryBound(to: Float.self)
  var offset = Floats()
  var largest = Floats()
  let count = run.count
  var i = 0
  while i < count {
    let token = run.lowerBound + i
    let place = token / 32 * values.scaleStride + group * 32 + token % 32
    var w = Floats()
    var low = kv_load_half16(values.minima + place)
    var scale = kv_load_half16(values.scales + place)
    if i + 16 <= count {
      w = loadFloats(weights + i)
    } else {
      // What lies past the last token is nobody's number: it must not be multiplied, even by zero.
      var lane = 0
      while lane < 16 {
        if i + lane < count {
          w[lane] = weights[i + lane]
        } else {
          low[lane] = 0
          scale[lane] = 0
        }
        lane = lane + 1
      }
    }
    let product = w * scale
    offset = multiplyAdd(offset, w, low)
    largest = largerOf(largest, magnitudes(product))
    storeFloats(product, scaled + i)
    i = i + 16
  }
  let fixed = fixedPointStep(laneMaximum(largest))
  i = 0
  while i < count {
    storePlanes(loadFloats(scaled + i), fixed.inverse, planes + i, PackedValueBlocks.runTokens)
    i = i + 16
  }
  return (fixed.step, laneSum(offset))
}

@inline(always) private func sumBlocks(
  _ codeBytes: UnsafePointer<UInt8>, _ blockBytes: Int, _ blocks: Int, _ planes: UnsafePointer<UInt8>,
  _ steps: SIMD4<Float>, _ offsets: SIMD4<Float>, _ acc: UnsafeMutablePointer<Float>, _ accStride: Int, rows: Int,
  bits: Int
) {
  var a0 = Ints()
  var a1 = Ints()
  var b0 = Ints()
  var b1 = Ints()
  var c0 = Ints()
  var c1 = Ints()
  var d0 = Ints()
  var d1 = Ints()
  let words = UnsafeRawPointer(planes)
  @inline(always) func word(_ row: Int, _ plane: Int, _ four: Int) -> Int32 {
    kv_load_i32(words + ((row &* 2 &+ plane) &* PackedValueBlocks.runTokens &+ four &* 4))
  }
  @inline(always) func multiply(_ w: SIMD64<UInt8>, _ four: Int) {
    a0 = kv_dot4(a0, w, word(0, 0, four))
    a1 = kv_dot4(a1, w, word(0, 1, four))
    if rows > 1 {
      b0 = kv_dot4(b0, w, word(1, 0, four))
      b1 = kv_dot4(b1, w, word(1, 1, four))
    }
    if rows > 2 {
      c0 = kv_dot4(c0, w, word(2, 0, four))
      c1 = kv_dot4(c1, w, word(2, 1, four))
    }
    if rows > 3 {
      d0 = kv_dot4(d0, w, word(3, 0, four))
      d1 = kv_dot4(d1, w, word(3, 1, four))
    }
  }
  var block = 0
  while block < blocks {
    let base = UnsafeRawPointer(codeBytes + block * blockBytes)
    let four = block &* 4
    let v = kv_load_u32x16(base)
    multiply(codes(v, 0, bits: bits), four)
    if bits == 2 {
      multiply(codes(v, 1, bits: 2), four &+ 1)
      multiply(codes(v, 2, bits: 2), four &+ 2)
      multiply(codes(v, 3, bits: 2), four &+ 3)
    } else if bits == 4 {
      multiply(codes(v, 1, bits: 4), four &+ 1)
      let next = kv_load_u32x16(base + 64)
      multiply(codes(next, 0, bits: 4), four &+ 2)
      multiply(codes(next, 1, bits: 4), four &+ 3)
    } else {
      multiply(kv_load_u8x64(base + 64), four &+ 1)
      multiply(kv_load_u8x64(base + 128), four &+ 2)
      multiply(kv_load_u8x64(base + 192), four &+ 3)
    }
    block = block + 1
  }
  @inline(always) func finish(_ row: Int, _ high: Ints, _ low: Ints, _ step: Float, _ offset: Float) {
    let target = acc + row * accStride
    storeFloats(loadFloats(target) + (joinPlanes(high, low, step) + offset), target)
  }
  finish(0, a0, a1, steps.x, offsets.x)
  if rows > 1 { finish(1, b0, b1, steps.y, offsets.y) }
  if rows > 2 { finish(2, c0, c1, steps.z, offsets.z) }
  if rows > 3 { finish(3, d0, d1, steps.w, offsets.w) }
}
