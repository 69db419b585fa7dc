import CIntrinsics
import KernelABI

// Splats and masks are C's here: Swift's are shuffles whose mask the optimiser may share with the sums' zeros, and then
// the compiler (6.3) ends on a mask that is no constant.

/// Scores against sign sketches: 16 tokens in the lanes, up to four query rows in registers, byte dot products of bits.
@Sendable func sketchScores(
  _ keys: SketchKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
) {
  var row = 0
  while row < rows {
    let left = rows - row
    let q = queries + row * keys.headDim
    let target = out + row * outStride
    if left >= 4 {
      scoreGroups(keys, blocks, q, target, outStride, scratch, rows: 4)
      row = row + 4
    } else if left == 3 {
      scoreGroups(keys, blocks, q, target, outStride, scratch, rows: 3)
      row = row + 3
    } else if left == 2 {
      scoreGroups(keys, blocks, q, target, outStride, scratch, rows: 2)
      row = row + 2
    } else {
      scoreGroups(keys, blocks, q, target, outStride, scratch, rows: 1)
      row = row + 1
    }
  }
}

/// `rows` is a literal at every call.
@inline(always) private func scoreGroups(
  _ keys: SketchKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>, rows: Int
) {
  let m = keys.sketch
  let outer = keys.outlierSketch
  let projected = scratch  // [rows, sketch]
  let parts = scratch + 4 * m  // [2, sketch]
  let planes = UnsafeMutableRawPointer(scratch + 6 * m).assumingMemoryBound(to: UInt8.self)  // [rows, 2, 2, sketch]
  var row = 0
  while row < rows {
    project(keys, queries + row * keys.headDim, projected + row * m)
    row = row + 1
  }
  let factor = 1.253_314_1 / Float(m)
  let outerFactor = outer > 0 ? 1.253_314_1 / Float(outer) : 0
  let steps = scratch + 10 * m  // [2, 4]: of each row, inside and outside
  let totals = UnsafeMutableRawPointer(steps + 8).assumingMemoryBound(to: Int32.self)  // [2, 4]
  var block = blocks.lowerBound
  while block < blocks.upperBound {
    let channels = keys.outlierChannels + block / keys.groupBlocks * keys.outliers
    // A range may begin within a group: its outlier channels hold to the group's end.
    let groupEnd = (block / keys.groupBlocks + 1) * keys.groupBlocks
    let end = groupEnd < blocks.upperBound ? groupEnd : blocks.upperBound
    row = 0
    while row < rows {
      let own = planes + row * 4 * m
      splitQuery(keys, channels, queries + row * keys.headDim, projected + row * m, parts)
      let inside = writePlanes(parts, m, own)
      steps[row] = inside.step * factor
      totals[row] = inside.total
      let outside = writePlanes(parts + m, outer, own + 2 * m)
      steps[4 + row] = outside.step * outerFactor
      totals[4 + row] = outside.total
      row = row + 1
    }
    while block < end {
      kv_prefetch(keys.signs + (block + 8) * 2 * m, 2 * m)
      kv_prefetch(keys.outlierSigns + (block + 8) * 2 * outer, 2 * outer)
      let norm = kv_load_half16(keys.norms + block * 16)
      var outerNorm = Floats()
      if outer > 0 { outerNorm = kv_load_half16(keys.outlierNorms + block * 16) }
      let innerNorm = kv_norm_without(norm, outerNorm)
      var a = SketchSums()
      a.add(keys.signs + block * 2 * m, m, planes, 4 * m, rows: rows)
      var b = SketchSums()
      b.add(keys.outlierSigns + block * 2 * outer, outer, planes + 2 * m, 4 * m, rows: rows)
      let target = out + (block - blocks.lowerBound) * 16
      let first = kv_signed_sum(a.a0, a.a1, totals[0], steps[0]) * innerNorm
      storeFloats(first + kv_signed_sum(b.a0, b.a1, totals[4], steps[4]) * outerNorm, target)
      if rows > 1 {
        let second = kv_signed_sum(a.b0, a.b1, totals[1], steps[1]) * innerNorm
        storeFloats(second + kv_signed_sum(b.b0, b.b1, totals[5], steps[5]) * outerNorm, target + outStride)
      }
      if rows > 2 {
        let third = kv_signed_sum(a.c0, a.c1, totals[2], steps[2]) * innerNorm
        storeFloats(third + kv_signed_sum(b.c0, b.c1, totals[6], steps[6]) * outerNorm, target + 2 * outStride)
      }
      if rows > 3 {
        let fourth = kv_signed_sum(a.d0, a.d1, totals[3], steps[3]) * innerNorm
        storeFloats(fourth + kv_signed_sum(b.d0, b.d1, totals[7], steps[7]) * outerNorm, target + 3 * outStride)
      }
      block = block + 1
    }
  }
}

/// out [sketch] = query . projection, channels in order.
@inline(always) private func project(
  _ keys: SketchKeys, _ query: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i < keys.sketch {
    var sum = Floats()
    var c = 0
    while c < keys.headDim {
      sum = multiplyAdd(sum, loadFloats(keys.projection + c * keys.sketch + i), kv_splat(query[c]))
      c = c + 1
    }
    storeFloats(sum, out + i)
    i = i + 16
  }
}

/// parts [2, sketch]: the projected query without its outlier channels, and those.
@inline(always) private func splitQuery(
  _ keys: SketchKeys, _ channels: UnsafePointer<UInt8>, _ query: UnsafePointer<Float>,
  _ projected: UnsafePointer<Float>, _ parts: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i < keys.sketch {
    var outside = Floats()
    var index = 0
    while index < keys.outliers {
      let c = Int(channels[index])
      outside = multiplyAdd(outside, loadFloats(keys.projection + c * keys.sketch + i), kv_splat(query[c]))
      index = index + 1
    }
    storeFloats(loadFloats(projected + i) - outside, parts + i)
    storeFloats(outside, parts + keys.sketch + i)
    i = i + 16
  }
}

/// Writes the planes of x as [2, count]; the total is the sum of the fixed-point numbers.
@inline(always) private func writePlanes(
  _ x: UnsafePointer<Float>, _ count: Int, _ planes: UnsafeMutablePointer<UInt8>
) -> (step: Float, total: Int32) {
  var largest = Floats()
  var i = 0
  while i < count {
    largest = kv_larger_magnitude(largest, loadFloats(x + i))
    i = i + 16
  }
  let fixed = fixedPointStep(laneMaximum(largest))
  var total = Ints()
  i = 0
  while i < count {
    total = total &+ kv_store_planes(loadFloats(x + i), fixed.inverse, planes + i, count)
    i = i + 16
  }
  return (fixed.step, kv_lane_sum_int(total))
}

/// Plane sums of up to four rows over 16 tokens.
private struct SketchSums {
  var a0 = Ints()
  var a1 = Ints()
  var b0 = Ints()
  var b1 = Ints()
  var c0 = Ints()
  var c1 = Ints()
  var d0 = Ints()
  var d1 = Ints()

  @inline(always) init() {}

  /// Adds the projections whose sign is positive; a row's planes [2, sketch] lie `rowBytes` apart.
  @inline(always) mutating func add(
    _ signs: UnsafePointer<UInt8>, _ sketch: Int, _ planes: UnsafePointer<UInt8>, _ rowBytes: Int, rows: Int
  ) {
    let words = UnsafeRawPointer(planes)
    var vector = 0
    while vector < sketch / 32 {
      let v = kv_load_u32x16(signs + vector * 64)
      var four = 0
      while four < 8 {
        let bits = kv_bits_of_bytes(v, Int32(truncatingIfNeeded: four))
        let word = words + vector * 32 + four * 4
        a0 = kv_dot4(a0, bits, kv_load_i32(word))
        a1 = kv_dot4(a1, bits, kv_load_i32(word + sketch))
        if rows > 1 {
          b0 = kv_dot4(b0, bits, kv_load_i32(word + rowBytes))
          b1 = kv_dot4(b1, bits, kv_load_i32(word + rowBytes + sketch))
        }
        if rows > 2 {
          c0 = kv_dot4(c0, bits, kv_load_i32(word + 2 * rowBytes))
          c1 = kv_dot4(c1, bits, kv_load_i32(word + 2 * rowBytes + sketch))
        }
        if rows > 3 {
          d0 = kv_dot4(d0, bits, kv_load_i32(word + 3 * rowBytes))
          d1 = kv_dot4(d1, bits, kv_load_i32(word + 3 * rowBytes + sketch))
        }
        four = four + 1
      }
      vector = vector + 1
    }
  }
}
