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
    scaleQueries(queries, scales, minima, d, planes, inverses, &biases, rows: rows)
    while block < end {
      // Far enough ahead for memory, near enough not to be gone again: the short runs of a part outpace the hardware.
      kv_prefetch(keys.codes + (block + 8) * keys.blockBytes, keys.blockBytes)
      if let next = keys.next { kv_prefetch(next + block * keys.nextBlockBytes, keys.nextBlockBytes) }
      scoreBlock(
        keys.codes + block * keys.blockBytes, d, planes, steps, biases,
        out + (block - blocks.lowerBound) * 16, outStride, rows: rows, bits: bits)
      block = block + 1
    }
  }
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
    a = largerOf(a, magnitudes(loadFloats(queries + channel) * scale))
    if rows > 1 { b = largerOf(b, magnitudes(loadFloats(queries + (d + channel)) * scale)) }
    if rows > 2 { c = largerOf(c, magnitudes(loadFloats(queries + (2 * d + channel)) * scale)) }
    if rows > 3 { e = largerOf(e, magnitudes(loadFloats(queries + (3 * d + channel)) * scale)) }
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

/// Writes the planes of each row's query * scale; a bias is query . minimum. A group has few tokens, so this is as much work
/// as its scores: scales and minima are widened once for all rows.
@inline(always) private func scaleQueries(
  _ queries: UnsafePointer<Float>, _ scales: UnsafePointer<UInt16>, _ minima: UnsafePointer<UInt16>, _ d: Int,
  _ planes: UnsafeMutablePointer<UInt8>, _ inverses: SIMD4<Float>, _ biases: inout SIMD4<Float>, rows: Int
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
  biases[0] = laneSum(a)
  if rows > 1 { biases[1] = laneSum(b) }
  if rows > 2 { biases[2] = laneSum(c) }
  if rows > 3 { biases[3] = laneSum(e) }
  channel = 0
  while channel + 64 <= d {
    let s0 = kv_load_half16(scales + channel)
    let s1 = kv_load_half16(scales + (channel + 16))
    let s2 = kv_load_half16(scales + (channel + 32))
    let s3 = kv_load_half16(scales + (channel + 48))
    @inline(always) func store(_ row: Int) {
      let q = queries + (row &* d &+ channel)
      storePlanes(
        loadFloats(q) * s0, loadFloats(q + 16) * s1, loadFloats(q + 32) * s2, loadFloats(q + 48) * s3, inverses[row],
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
      storePlanes(
        loadFloats(queries + (row &* d &+ channel)) * scale, inverses[row], planes + (row &* 2 &* d &+ channel), d)
    }
    store(0)
    if rows > 1 { store(1) }
    if rows > 2 { store(2) }
    if rows > 3 { store(3) }
    channel = channel + 16
  }
}

@inline(always) private func scoreBlock(
  _ codeBytes: UnsafePointer<UInt8>, _ d: Int, _ planes: UnsafePointer<UInt8>, _ steps: SIMD4<Float>,
  _ biases: SIMD4<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int, bits: Int
) {
  var a0 = Ints()
  var a1 = Ints()
  var b0 = Ints()
  var b1 = Ints()
  var c0 = Ints()
  var c1 = Ints()
  var d0 = Ints()
  var d1 = Ints()
  let base = UnsafeRawPointer(codeBytes)
  let words = UnsafeRawPointer(planes)
  @inline(always) func word(_ row: Int, _ plane: Int, _ four: Int) -> Int32 {
    kv_load_i32(words + ((row &* 2 &+ plane) &* d &+ four &* 4))
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
  let vectors = d * bits / 32
  let fours = 8 / bits
  var vector = 0
  while vector < vectors {
    let v = kv_load_u32x16(base + vector * 64)
    multiply(codes(v, 0, bits: bits), vector &* fours)
    if bits < 8 { multiply(codes(v, 1, bits: bits), vector &* fours &+ 1) }
    if bits < 4 {
      multiply(codes(v, 2, bits: bits), vector &* fours &+ 2)
      multiply(codes(v, 3, bits: bits), vector &* fours &+ 3)
    }
    vector = vector + 1
  }
  storeFloats(joinPlanes(a0, a1, steps.x) + biases.x, out)
  if rows > 1 { storeFloats(joinPlanes(b0, b1, steps.y) + biases.y, out + outStride) }
  if rows > 2 { storeFloats(joinPlanes(c0, c1, steps.z) + biases.z, out + 2 * outStride) }
  if rows > 3 { storeFloats(joinPlanes(d0, d1, steps.w) + biases.w, out + 3 * outStride) }
}
