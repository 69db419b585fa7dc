import CIntrinsics
import KernelABI

/// Weighted sums of packed values: 16 channels in the lanes, up to three weight rows and 64 channels in registers, so that
/// codes stream past once.
@Sendable func accumulatePackedValues(
  _ values: PackedValueBlocks, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ rows: Int, _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
) {
  let planes = scratch.assumingMemoryBound(to: UInt8.self)
  var first = tokens.lowerBound
  while first < tokens.upperBound {
    let left = tokens.upperBound - first
    let run = Run(values, first, left < PackedValueBlocks.runTokens ? left : PackedValueBlocks.runTokens, planes)
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

/// Tokens whose weights share one fixed-point scale, and where their planes are written.
private struct Run {
  let values: PackedValueBlocks
  let first: Int
  let count: Int
  let blocks: Int
  let codes: UnsafePointer<UInt8>
  let planes: UnsafeMutablePointer<UInt8>  // [group of 64 channels, row, 2, runTokens]

  @inline(always) init(
    _ values: PackedValueBlocks, _ first: Int, _ count: Int, _ planes: UnsafeMutablePointer<UInt8>
  ) {
    self.values = values
    self.first = first
    self.count = count
    blocks = (count + 15) / 16
    codes = values.codes + first / 16 * values.blockBytes
    self.planes = planes
  }

  @inline(always) func planes(_ group: Int, _ row: Int) -> UnsafeMutablePointer<UInt8> {
    planes + (group &* 3 &+ row) &* (2 &* PackedValueBlocks.runTokens)
  }

  /// Weights times scales of the channel group whose planes are being made, behind all planes.
  @inline(always) var products: UnsafeMutablePointer<Float> {  // [row, runTokens]
    UnsafeMutableRawPointer(planes + PackedValueBlocks.planeBytes).assumingMemoryBound(to: Float.self)
  }
}

/// Step and offset of up to three rows of a channel group.
private struct Prepared {
  var step0: Float = 0
  var step1: Float = 0
  var step2: Float = 0
  var offset0: Float = 0
  var offset1: Float = 0
  var offset2: Float = 0
}

@inline(always) private func sumRows(
  _ run: Run, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ acc: UnsafeMutablePointer<Float>, rows: Int
) {
  switch run.values.bits {
  case 2: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 2)
  case 4: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 4)
  default: sumChannels(run, weights, weightStride, acc, rows: rows, bits: 8)
  }
}

/// `rows` and `bits` are literals at every call. Sixteen channels never straddle a group: groups are multiples of 16.
@inline(always) private func sumChannels(
  _ run: Run, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ acc: UnsafeMutablePointer<Float>, rows: Int,
  bits: Int
) {
  let d = run.values.headDim
  let group = run.values.groupChannels
  var channel = 0
  while channel < d {
    var a = Prepared()
    var b = Prepared()
    var c = Prepared()
    var e = Prepared()
    prepare(run, channel / group, weights, weightStride, 0, &a, rows: rows)
    if d - channel >= 64 {
      // Four vectors of channels; each takes the planes of its own group, made once.
      var placeB = 0
      b = a
      if (channel + 16) % group == 0 {
        placeB = 1
        prepare(run, (channel + 16) / group, weights, weightStride, 1, &b, rows: rows)
      }
      var placeC = placeB
      c = b
      if (channel + 32) % group == 0 {
        placeC = 2
        prepare(run, (channel + 32) / group, weights, weightStride, 2, &c, rows: rows)
      }
      var placeE = placeC
      e = c
      if (channel + 48) % group == 0 {
        placeE = 3
        prepare(run, (channel + 48) / group, weights, weightStride, 3, &e, rows: rows)
      }
      sumWide(run, channel, (0, placeB, placeC, placeE), (a, b, c, e), acc + channel, rows: rows, bits: bits)
      channel = channel + 64
    } else {
      sumNarrow(run, channel, a, acc + channel, rows: rows, bits: bits)
      channel = channel + 16
    }
  }
}

@inline(always) private func prepare(
  _ run: Run, _ group: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ place: Int,
  _ prepared: inout Prepared, rows: Int
) {
  // One body for all codes' widths.
  if rows == 1 {
    prepared = scaleOneRow(run, group, weights, weightStride, place)
  } else if rows == 2 {
    prepared = scaleTwoRows(run, group, weights, weightStride, place)
  } else {
    prepared = scaleThreeRows(run, group, weights, weightStride, place)
  }
}

@inline(never) private func scaleOneRow(
  _ run: Run, _ group: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ place: Int
) -> Prepared { scaledWeights(run, group, weights, weightStride, place, rows: 1) }

@inline(never) private func scaleTwoRows(
  _ run: Run, _ group: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ place: Int
) -> Prepared { scaledWeights(run, group, weights, weightStride, place, rows: 2) }

@inline(never) private func scaleThreeRows(
  _ run: Run, _ group: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ place: Int
) -> Prepared { scaledWeights(run, group, weights, weightStride, place, rows: 3) }

/// Largest magnitudes and sums of weight * minimum of up to three rows.
private struct Weighed {
  var largest0 = Floats()
  var largest1 = Floats()
  var largest2 = Floats()
  var offset0 = Floats()
  var offset1 = Floats()
  var offset2 = Floats()

  @inline(always) init() {}

  /// Takes 16 weights of each row, and leaves them times their scales at `products`.
  @inline(always) mutating func add(
    _ w0: Floats, _ w1: Floats, _ w2: Floats, _ scale: Floats, _ minimum: Floats,
    _ products: UnsafeMutablePointer<Float>, rows: Int
  ) {
    let run = PackedValueBlocks.runTokens
    offset0 = multiplyAdd(offset0, w0, minimum)
    let p0 = w0 * scale
    largest0 = kv_larger_magnitudes(largest0, p0)
    storeFloats(p0, products)
    if rows > 1 {
      offset1 = multiplyAdd(offset1, w1, minimum)
      let p1 = w1 * scale
      largest1 = kv_larger_magnitudes(largest1, p1)
      storeFloats(p1, products + run)
    }
    if rows > 2 {
      offset2 = multiplyAdd(offset2, w2, minimum)
      let p2 = w2 * scale
      largest2 = kv_larger_magnitudes(largest2, p2)
      storeFloats(p2, products + 2 &* run)
    }
  }
}

/// Writes the planes of each row's weight * scale, zero past the run; an offset is the sum of weight * minimum. Scales and
/// minima are widened once for all rows.
@inline(always) private func scaledWeights(
  _ run: Run, _ group: Int, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ place: Int, rows: Int
) -> Prepared {
  let products = run.products
  let stride = run.values.scaleStride
  let scales = run.values.scales + group &* 32
  let minima = run.values.minima + group &* 32
  let second = weights + weightStride
  let third = second + weightStride
  var weighed = Weighed()
  var i = 0
  while i &+ 16 <= run.count {
    let token = run.first &+ i
    let at = (token &>> 5) &* stride &+ (token & 31)
    weighed.add(
      loadFloats(weights + i), rows > 1 ? loadFloats(second + i) : Floats(),
      rows > 2 ? loadFloats(third + i) : Floats(), kv_load_half16(scales + at), kv_load_half16(minima + at),
      products + i, rows: rows)
    i = i &+ 16
  }
  if i < run.count {
    // Past the end scales and minima are nobody's numbers, and weights nobody's memory.
    let token = run.first &+ i
    let at = (token &>> 5) &* stride &+ (token & 31)
    let left = run.count &- i
    weighed.add(
      kv_load_first_floats(weights + i, left), rows > 1 ? kv_load_first_floats(second + i, left) : Floats(),
      rows > 2 ? kv_load_first_floats(third + i, left) : Floats(),
      kv_first_lanes(kv_load_half16(scales + at), left), kv_first_lanes(kv_load_half16(minima + at), left),
      products + i, rows: rows)
    i = i &+ 16
  }
  while i & 63 != 0 {
    weighed.add(Floats(), Floats(), Floats(), Floats(), Floats(), products + i, rows: rows)
    i = i &+ 16
  }
  var prepared = Prepared()
  let fixed0 = fixedPointStep(laneMaximum(weighed.largest0))
  prepared.step0 = fixed0.step
  prepared.offset0 = laneSum(weighed.offset0)
  storeProducts(products, fixed0.inverse, run.planes(place, 0), i)
  if rows > 1 {
    let fixed1 = fixedPointStep(laneMaximum(weighed.largest1))
    prepared.step1 = fixed1.step
    prepared.offset1 = laneSum(weighed.offset1)
    storeProducts(products + PackedValueBlocks.runTokens, fixed1.inverse, run.planes(place, 1), i)
  }
  if rows > 2 {
    let fixed2 = fixedPointStep(laneMaximum(weighed.largest2))
    prepared.step2 = fixed2.step
    prepared.offset2 = laneSum(weighed.offset2)
    storeProducts(products + 2 &* PackedValueBlocks.runTokens, fixed2.inverse, run.planes(place, 2), i)
  }
  return prepared
}

/// Writes the planes of a row's products, a multiple of 64 of them.
@inline(always) private func storeProducts(
  _ products: UnsafePointer<Float>, _ inverse: Float, _ planes: UnsafeMutablePointer<UInt8>, _ count: Int
) {
  var i = 0
  while i < count {
    let p = products + i
    storeFixed(
      loadFloats(p) * inverse, loadFloats(p + 16) * inverse, loadFloats(p + 32) * inverse,
      loadFloats(p + 48) * inverse, planes + i, PackedValueBlocks.runTokens)
    i = i &+ 64
  }
}

/// Plane sums of up to three rows over 16 channels.
private struct PlaneSums {
  var high0 = Ints()
  var low0 = Ints()
  var high1 = Ints()
  var low1 = Ints()
  var high2 = Ints()
  var low2 = Ints()

  @inline(always) init() {}

  /// Adds the four tokens at `words` of each row's planes.
  @inline(always) mutating func multiply(_ w: SIMD64<UInt8>, _ words: UnsafePointer<UInt8>, rows: Int) {
    let plane = PackedValueBlocks.runTokens
    high0 = kv_dot4(high0, w, kv_load_i32(words))
    low0 = kv_dot4(low0, w, kv_load_i32(words + plane))
    if rows > 1 {
      high1 = kv_dot4(high1, w, kv_load_i32(words + 2 * plane))
      low1 = kv_dot4(low1, w, kv_load_i32(words + 3 * plane))
    }
    if rows > 2 {
      high2 = kv_dot4(high2, w, kv_load_i32(words + 4 * plane))
      low2 = kv_dot4(low2, w, kv_load_i32(words + 5 * plane))
    }
  }

  /// Adds a block of 16 tokens.
  @inline(always) mutating func add(
    _ codeBytes: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt8>, rows: Int, bits: Int
  ) {
    let v = kv_load_u32x16(codeBytes)
    multiply(codes(v, 0, bits: bits), words, rows: rows)
    if bits == 2 {
      multiply(codes(v, 1, bits: 2), words + 4, rows: rows)
      multiply(codes(v, 2, bits: 2), words + 8, rows: rows)
      multiply(codes(v, 3, bits: 2), words + 12, rows: rows)
    } else if bits == 4 {
      multiply(codes(v, 1, bits: 4), words + 4, rows: rows)
      let next = kv_load_u32x16(codeBytes + 64)
      multiply(codes(next, 0, bits: 4), words + 8, rows: rows)
      multiply(codes(next, 1, bits: 4), words + 12, rows: rows)
    } else {
      multiply(kv_load_u8x64(codeBytes + 64), words + 4, rows: rows)
      multiply(kv_load_u8x64(codeBytes + 128), words + 8, rows: rows)
      multiply(kv_load_u8x64(codeBytes + 192), words + 12, rows: rows)
    }
  }

  @inline(always) func finish(_ p: Prepared, _ acc: UnsafeMutablePointer<Float>, _ d: Int, rows: Int) {
    storeFloats(loadFloats(acc) + (joinPlanes(high0, low0, p.step0) + p.offset0), acc)
    if rows > 1 {
      storeFloats(loadFloats(acc + d) + (joinPlanes(high1, low1, p.step1) + p.offset1), acc + d)
    }
    if rows > 2 {
      storeFloats(loadFloats(acc + 2 * d) + (joinPlanes(high2, low2, p.step2) + p.offset2), acc + 2 * d)
    }
  }
}

@inline(always) private func sumWide(
  _ run: Run, _ channel: Int, _ places: (Int, Int, Int, Int), _ prepared: (Prepared, Prepared, Prepared, Prepared),
  _ acc: UnsafeMutablePointer<Float>, rows: Int, bits: Int
) {
  var a = PlaneSums()
  var b = PlaneSums()
  var c = PlaneSums()
  var e = PlaneSums()
  let bytes = 32 * bits
  let blockBytes = run.values.blockBytes
  var base = run.codes + channel * 2 * bits
  let wordsA = UnsafePointer(run.planes(places.0, 0))
  let wordsB = UnsafePointer(run.planes(places.1, 0))
  let wordsC = UnsafePointer(run.planes(places.2, 0))
  let wordsE = UnsafePointer(run.planes(places.3, 0))
  var block = 0
  while block < run.blocks {
    kv_prefetch(base + 8 &* blockBytes, 4 &* bytes)
    a.add(base, wordsA + block &* 16, rows: rows, bits: bits)
    b.add(base + bytes, wordsB + block &* 16, rows: rows, bits: bits)
    c.add(base + 2 &* bytes, wordsC + block &* 16, rows: rows, bits: bits)
    e.add(base + 3 &* bytes, wordsE + block &* 16, rows: rows, bits: bits)
    base = base + blockBytes
    block = block + 1
  }
  let d = run.values.headDim
  a.finish(prepared.0, acc, d, rows: rows)
  b.finish(prepared.1, acc + 16, d, rows: rows)
  c.finish(prepared.2, acc + 32, d, rows: rows)
  e.finish(prepared.3, acc + 48, d, rows: rows)
}

@inline(always) private func sumNarrow(
  _ run: Run, _ channel: Int, _ prepared: Prepared, _ acc: UnsafeMutablePointer<Float>, rows: Int, bits: Int
) {
  var sums = PlaneSums()
  let words = UnsafePointer(run.planes(0, 0))
  var block = 0
  while block < run.blocks {
    sums.add(
      run.codes + (block &* run.values.blockBytes + channel &* 2 &* bits), words + block &* 16, rows: rows, bits: bits)
    block = block + 1
  }
  sums.finish(prepared, acc, run.values.headDim, rows: rows)
}
