import CIntrinsics
import KernelABI

/// Integer matrix product: 16 output rows in the lanes, up to eight activation rows in registers.
///
/// A (row, output) sum is formed in the same order for every tile height, so a row's result does not depend on its batch.
@Sendable func multiplyPacked(
  _ x: QuantisedRows, _ weights: PackedPanels, _ panels: Range<Int>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int
) {
  switch (weights.bits, weights.hasMinimum) {
  case (4, true): panelLoop(x, weights, panels, out, outStride, bits: 4, hasMinimum: true)
  case (4, false): panelLoop(x, weights, panels, out, outStride, bits: 4, hasMinimum: false)
  case (_, true): panelLoop(x, weights, panels, out, outStride, bits: 8, hasMinimum: true)
  case (_, false): panelLoop(x, weights, panels, out, outStride, bits: 8, hasMinimum: false)
  }
}

@inline(always) private func panelLoop(
  _ x: QuantisedRows, _ weights: PackedPanels, _ panels: Range<Int>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, bits: Int, hasMinimum: Bool
) {
  let recordBytes = PackedPanels.recordBytes(bits: bits, hasMinimum: hasMinimum)
  var panel = panels.lowerBound
  while panel < panels.upperBound {
    let records = weights.records + panel * weights.blocks * recordBytes
    let target = out + panel * 16
    var row = 0
    while row < x.rows {
      let left = x.rows - row
      let p = target + row * outStride
      if left >= 8 {
        tile(x, row, records, recordBytes, weights.zero, p, outStride, rows: 8, bits: bits, hasMinimum: hasMinimum)
        row = row + 8
      } else if left >= 4 {
        tile(x, row, records, recordBytes, weights.zero, p, outStride, rows: 4, bits: bits, hasMinimum: hasMinimum)
        row = row + 4
      } else if left >= 2 {
        tile(x, row, records, recordBytes, weights.zero, p, outStride, rows: 2, bits: bits, hasMinimum: hasMinimum)
        row = row + 2
      } else {
        tile(x, row, records, recordBytes, weights.zero, p, outStride, rows: 1, bits: bits, hasMinimum: hasMinimum)
        row = row + 1
      }
    }
    panel = panel + 1
  }
}

/// `rows`, `bits` and `hasMinimum` are literals at every call: the branches on them vanish.
@inline(always) private func tile(
  _ x: QuantisedRows, _ firstRow: Int, _ records: UnsafeRawPointer, _ recordBytes: Int, _ zero: Int32,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int, bits: Int, hasMinimum: Bool
) {
  let width = x.blocks * 32
  let c0 = UnsafeRawPointer(x.codes + firstRow * width)
  let s0 = x.scales + firstRow * x.blocks
  let t0 = x.sums + firstRow * x.blocks
  var f0 = Floats()
  var f1 = Floats()
  var f2 = Floats()
  var f3 = Floats()
  var f4 = Floats()
  var f5 = Floats()
  var f6 = Floats()
  var f7 = Floats()
  var block = 0
  while block < x.blocks {
    let record = records + block * recordBytes
    let codes = c0 + block * 32
    @inline(always) func start(_ r: Int) -> Ints { Ints(repeating: 0 - zero * t0[r * x.blocks + block]) }
    @inline(always) func word(_ r: Int, _ step: Int) -> Int32 {
      kv_load_i32(codes + (r * width + step * 4))
    }
    var i0 = start(0)
    var i1 = Ints()
    var i2 = Ints()
    var i3 = Ints()
    var i4 = Ints()
    var i5 = Ints()
    var i6 = Ints()
    var i7 = Ints()
    if rows > 1 { i1 = start(1) }
    if rows > 2 {
      i2 = start(2)
      i3 = start(3)
    }
    if rows > 4 {
      i4 = start(4)
      i5 = start(5)
      i6 = start(6)
      i7 = start(7)
    }
    @inline(always) func multiply(_ w: SIMD64<UInt8>, _ step: Int) {
      i0 = kv_dot4(i0, w, word(0, step))
      if rows > 1 { i1 = kv_dot4(i1, w, word(1, step)) }
      if rows > 2 {
        i2 = kv_dot4(i2, w, word(2, step))
        i3 = kv_dot4(i3, w, word(3, step))
      }
      if rows > 4 {
        i4 = kv_dot4(i4, w, word(4, step))
        i5 = kv_dot4(i5, w, word(5, step))
        i6 = kv_dot4(i6, w, word(6, step))
        i7 = kv_dot4(i7, w, word(7, step))
      }
    }
    if bits == 4 {
      var vector = 0
      while vector < 4 {
        let pair = kv_load_u8x64(record + vector * 64)
        let words = unsafeBitCast(pair, to: SIMD16<UInt32>.self)
        let mask = SIMD16<UInt32>(repeating: 0x0f0f_0f0f)
        multiply(unsafeBitCast(words & mask, to: SIMD64<UInt8>.self), vector &* 2)
        multiply(unsafeBitCast((words &>> 4) & mask, to: SIMD64<UInt8>.self), vector &* 2 &+ 1)
        vector = vector + 1
      }
    } else {
      var step = 0
      while step < 8 {
        multiply(kv_load_u8x64(record + step * 64), step)
        step = step + 1
      }
    }
    let scales = (record + 64 * bits).assumingMemoryBound(to: UInt16.self)
    let d = kv_load_half16(scales)
    let m = hasMinimum ? kv_load_half16(scales + 16) : Floats()
    @inline(always) func finish(_ f: Floats, _ i: Ints, _ r: Int) -> Floats {
      let scale = s0[r * x.blocks + block]
      var sum = multiplyAdd(f, kv_float_from_int(i), d * scale)
      if hasMinimum { sum = multiplyAdd(sum, m, Floats(repeating: scale * Float(t0[r * x.blocks + block]))) }
      return sum
    }
    f0 = finish(f0, i0, 0)
    if rows > 1 { f1 = finish(f1, i1, 1) }
    if rows > 2 {
      f2 = finish(f2, i2, 2)
      f3 = finish(f3, i3, 3)
    }
    if rows > 4 {
      f4 = finish(f4, i4, 4)
      f5 = finish(f5, i5, 5)
      f6 = finish(f6, i6, 6)
      f7 = finish(f7, i7, 7)
    }
    block = block + 1
  }
  storeFloats(f0, out)
  if rows > 1 { storeFloats(f1, out + outStride) }
  if rows > 2 {
    storeFloats(f2, out + 2 * outStride)
    storeFloats(f3, out + 3 * outStride)
  }
  if rows > 4 {
    storeFloats(f4, out + 4 * outStride)
    storeFloats(f5, out + 5 * outStride)
    storeFloats(f6, out + 6 * outStride)
    storeFloats(f7, out + 7 * outStride)
  }
}
