import CIntrinsics
import KernelABI

/// Scores against packed keys: 16 tokens in the lanes, up to four query rows in registers, byte dot products.
@Sendable func packedKeyScores(
  _ keys: PackedKeyBlocks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutableRawPointer
) {
  let planes = scratch.assumingMemoryBound(to: UInt8.self)
  var row = 0
  while row < rows {
    let left = rows - row
    let q = queries + row * keys.headDim
    let target = out + row * outStride
    if left >= 4 {
      scoreRows(keys, blocks, q, target, outStride, planes, rows: 4)
      row = row + 4
    } else if left == 3 {
      scoreRows(keys, blocks, q, target, outStride, planes, rows: 3)
      row = row + 3
    } else if left == 2 {
      scoreRows(keys, blocks, q, target, outStride, planes, rows: 2)
      row = row + 2
    } else {
      scoreRows(keys, blocks, q, target, outStride, planes, rows: 1)
      row = row + 1
    }
  }
}

@inline(always) private func scoreRows(
  _ keys: PackedKeyBlocks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ planes: UnsafeMutablePointer<UInt8>, rows: Int
) {
  switch keys.bits {
  case 2: scoreGroups(keys, blocks, queries, out, outStride, planes, rows: rows, bits: 2)
  case 4: scoreGroups(keys, blocks, queries, out, outStride, planes, rows: rows, bits: 4)
  default: scoreGroups(keys, blocks, queries, out, outStride, planes, rows: rows, bits: 8)
  }
}

/// `rows` and `bits` are literals at every call.
@inline(always) private func scoreGroups(
  _ keys: PackedKeyBlocks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ planes: UnsafeMutablePointer<UInt8>, rows: Int, bits: Int
) {
  let d = keys.headDim
  var steps = SIMD4<Float>()
  var inverses = SIMD4<Float>()
  var biases = SIMD4<Float>()
  var block = blocks.lowerBound
  guard block < blocks.upperBound else { return }
  fixSteps(keys, blocks, queries, &steps, &inverses, rows: rows)
  let fixed = UnsafeMutableRawPointer(planes + 8 * d).assumingMemoryBound(to: Float.self)
  fixQueries(queries, d, inverses, fixed, rows: rows)
  while block < blocks.upperBound {
    let group = block / keys.groupBlocks
    let end =
      blocks.upperBound - block > keys.groupBlocks - block % keys.groupBlocks
      ? block + keys.groupBlocks - block % keys.groupBlocks : blocks.upperBound
    let scales = keys.scales + group * d
    let minima = keys.minima + group * d
    if end - block < blocks.upperBound - block {
      // The scales have been read for the steps.
      kv_prefetch(minima + 4 * d, 2 * d)
    }
    scaleQueries(queries, fixed, scales, minima, d, planes, &biases, rows: rows)
    #if KERNELS_V4
      while end - block >= 2 {
        prefetchBlocks(keys, block, 2)
        scoreTwoBlocks(
          keys.codes + block * keys.blockBytes, d, planes, steps, biases,
          out + (block - blocks.lowerBound) * 16, outStride, rows: rows, bits: bits)
        block = block + 2
      }
    #endif
    while block < end {
      prefetchBlocks(keys, block, 1)
      scoreBlock(
        keys.codes + block * keys.blockBytes, d, planes, steps, biases,
        out + (block - blocks.lowerBound) * 16, outStride, rows: rows, bits: bits)
      block = block + 1
    }
  }
}

/// Asks for the codes read later.
@inline(always) private func prefetchBlocks(_ keys: PackedKeyBlocks, _ block: Int, _ count: Int) {
  // Far enough ahead for memory, near enough not to be gone again: the short runs of a part outpace the hardware. To ask for
  // what is read after a part as well made no difference to a step on a Xeon, and its instructions cost up to a tenth.
  kv_prefetch(keys.codes + (block + 8) * keys.blockBytes, count * keys.blockBytes)
}

/// One fixed-point step a row for all the groups of a range, by the largest query * scale in it: groups are so short that
/// looking for the largest of each would be a third of the work.
@inline(always) private func fixSteps(
  _ keys: PackedKeyBlocks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ steps: inout SIMD4<Float>,
  _ inverses: inout SIMD4<Float>, rows: Int
) {
  let d = keys.headDim
  let first = blocks.lowerBound / keys.groupBlocks
  let last = (blocks.upperBound &- 1) / keys.groupBlocks
  var a = Floats()
  var b = Floats()
  var c = Floats()
  var e = Floats()
  var channel = 0
  while channel < d {
    // Scales are not negative, so the largest product of a channel is that of its largest scale.
    var scale = Floats()
    var group = first
    while group <= last {
      scale = largerOf(scale, kv_load_half16(keys.scales + (group * d + channel)))
      group = group + 1
    }
    a = kv_larger_magnitudes(a, loadFloats(queries + channel) * scale)
    if rows > 1 { b = kv_larger_magnitudes(b, loadFloats(queries + (d + channel)) * scale) }
    if rows > 2 { c = kv_larger_magnitudes(c, loadFloats(queries + (2 * d + channel)) * scale) }
    if rows > 3 { e = kv_larger_magnitudes(e, loadFloats(queries + (3 * d + channel)) * scale) }
    channel = channel + 16
  }
  @inline(always) func finish(_ largest: Floats, _ row: Int) {
    let fixed = fixedPointStep(laneMaximum(largest))
    steps[row] = fixed.step
    inverses[row] = fixed.inverse
  }
  finish(a, 0)
  if rows > 1 { finish(b, 1) }
  if rows > 2 { finish(c, 2) }
  if rows > 3 { finish(e, 3) }
}

/// Queries in units of their rows' steps, so that a group's scales are all that is left to multiply with.
@inline(always) private func fixQueries(
  _ queries: UnsafePointer<Float>, _ d: Int, _ inverses: SIMD4<Float>, _ fixed: UnsafeMutablePointer<Float>, rows: Int
) {
  var channel = 0
  while channel < d {
    @inline(always) func store(_ row: Int) {
      storeFloats(loadFloats(queries + (row &* d &+ channel)) * inverses[row], fixed + (row &* d &+ channel))
    }
    store(0)
    if rows > 1 { store(1) }
    if rows > 2 { store(2) }
    if rows > 3 { store(3) }
    channel = channel + 16
  }
}

/// Writes the planes of each row's query * scale; a bias is query . minimum. A group has few tokens, so this is as much work
/// as its scores: scales and minima are widened once for all rows.
@inline(always) private func scaleQueries(
  _ queries: UnsafePointer<Float>, _ fixed: UnsafePointer<Float>, _ scales: UnsafePointer<UInt16>,
  _ minima: UnsafePointer<UInt16>, _ d: Int, _ planes: UnsafeMutablePointer<UInt8>, _ biases: inout SIMD4<Float>,
  rows: Int
) {
  var a = Floats()
  var b = Floats()
  var c = Floats()
  var e = Floats()
  var channel = 0
  while channel < d {
    let minimum = kv_load_half16(minima + channel)
    a = multiplyAdd(a, loadFloats(queries + channel), minimum)
    if rows > 1 { b = multiplyAdd(b, loadFloats(queries + (d + channel)), minimum) }
    if rows > 2 { c = multiplyAdd(c, loadFloats(queries + (2 * d + channel)), minimum) }
    if rows > 3 { e = multiplyAdd(e, loadFloats(queries + (3 * d + channel)), minimum) }
    channel = channel + 16
  }
  biases = kv_lane_sums(a, b, c, e)
  channel = 0
  while channel + 64 <= d {
    let s0 = kv_load_half16(scales + channel)
    let s1 = kv_load_half16(scales + (channel + 16))
    let s2 = kv_load_half16(scales + (channel + 32))
    let s3 = kv_load_half16(scales + (channel + 48))
    @inline(always) func store(_ row: Int) {
      let q = fixed + (row &* d &+ channel)
      storeFixed(
        loadFloats(q) * s0, loadFloats(q + 16) * s1, loadFloats(q + 32) * s2, loadFloats(q + 48) * s3,
        planes + (row &* 2 &* d &+ channel), d)
    }
    store(0)
    if rows > 1 { store(1) }
    if rows > 2 { store(2) }
    if rows > 3 { store(3) }
    channel = channel + 64
  }
  while channel < d {
    let scale = kv_load_half16(scales + channel)
    @inline(always) func store(_ row: Int) {
      storeFixed(loadFloats(fixed + (row &* d &+ channel)) * scale, planes + (row &* 2 &* d &+ channel), d)
    }
    store(0)
    if rows > 1 { store(1) }
    if rows > 2 { store(2) }
    if rows > 3 { store(3) }
    channel = channel + 16
  }
}

/// Plane sums of up to four rows over the 16 tokens of a block.
private struct BlockSums {
  var a0 = Ints()
  var a1 = Ints()
  var b0 = Ints()
  var b1 = Ints()
  var c0 = Ints()
  var c1 = Ints()
  var e0 = Ints()
  var e1 = Ints()

  @inline(always) init() {}

  /// Adds the four channels at `words` of each row's planes, which are `d` bytes long.
  @inline(always) mutating func multiply(_ w: SIMD64<UInt8>, _ words: UnsafeRawPointer, _ d: Int, rows: Int) {
    a0 = kv_dot4(a0, w, kv_load_i32(words))
    a1 = kv_dot4(a1, w, kv_load_i32(words + d))
    if rows > 1 {
      b0 = kv_dot4(b0, w, kv_load_i32(words + 2 &* d))
      b1 = kv_dot4(b1, w, kv_load_i32(words + 3 &* d))
    }
    if rows > 2 {
      c0 = kv_dot4(c0, w, kv_load_i32(words + 4 &* d))
      c1 = kv_dot4(c1, w, kv_load_i32(words + 5 &* d))
    }
    if rows > 3 {
      e0 = kv_dot4(e0, w, kv_load_i32(words + 6 &* d))
      e1 = kv_dot4(e1, w, kv_load_i32(words + 7 &* d))
    }
  }

  @inline(always) func finish(
    _ steps: SIMD4<Float>, _ biases: SIMD4<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int
  ) {
    storeFloats(joinPlanes(a0, a1, steps.x) + biases.x, out)
    if rows > 1 { storeFloats(joinPlanes(b0, b1, steps.y) + biases.y, out + outStride) }
    if rows > 2 { storeFloats(joinPlanes(c0, c1, steps.z) + biases.z, out + 2 &* outStride) }
    if rows > 3 { storeFloats(joinPlanes(e0, e1, steps.w) + biases.w, out + 3 &* outStride) }
  }
}

@inline(always) private func scoreBlock(
  _ codeBytes: UnsafePointer<UInt8>, _ d: Int, _ planes: UnsafePointer<UInt8>, _ steps: SIMD4<Float>,
  _ biases: SIMD4<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int, bits: Int
) {
  var sums = BlockSums()
  var base = UnsafeRawPointer(codeBytes)
  var words = UnsafeRawPointer(planes)
  let end = words + d
  while words < end {
    let v = kv_load_u32x16(base)
    sums.multiply(codes(v, 0, bits: bits), words, d, rows: rows)
    if bits < 8 { sums.multiply(codes(v, 1, bits: bits), words + 4, d, rows: rows) }
    if bits < 4 {
      sums.multiply(codes(v, 2, bits: bits), words + 8, d, rows: rows)
      sums.multiply(codes(v, 3, bits: bits), words + 12, d, rows: rows)
    }
    base = base + 64
    words = words + 32 / bits
  }
  sums.finish(steps, biases, out, outStride, rows: rows)
}

/// Two blocks that share scales: a dot product takes longer than the sums of one block can wait for, and words are read
/// once for both.
@inline(always) private func scoreTwoBlocks(
  _ codeBytes: UnsafePointer<UInt8>, _ d: Int, _ planes: UnsafePointer<UInt8>, _ steps: SIMD4<Float>,
  _ biases: SIMD4<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int, bits: Int
) {
  var sums = BlockSums()
  var sums2 = BlockSums()
  var base = UnsafeRawPointer(codeBytes)
  let blockBytes = 2 &* d &* bits
  var words = UnsafeRawPointer(planes)
  let end = words + d
  while words < end {
    let v = kv_load_u32x16(base)
    let v2 = kv_load_u32x16(base + blockBytes)
    @inline(always) func multiply(_ index: Int) {
      sums.multiply(codes(v, index, bits: bits), words + 4 &* index, d, rows: rows)
      sums2.multiply(codes(v2, index, bits: bits), words + 4 &* index, d, rows: rows)
    }
    multiply(0)
    if bits < 8 { multiply(1) }
    if bits < 4 {
      multiply(2)
      multiply(3)
    }
    base = base + 64
    words = words + 32 / bits
  }
  sums.finish(steps, biases, out, outStride, rows: rows)
  sums2.finish(steps, biases, out + 16, outStride, rows: rows)
}
