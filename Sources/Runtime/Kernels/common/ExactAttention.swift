import CIntrinsics
import KernelABI

/// Scores against exact keys: 16 tokens in the lanes, up to eight query rows in registers, channels in order.
@Sendable func keyScores(
  _ keys: ExactRows, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  switch keys.element {
  case .float32: scoreLoop(keys, blocks, queries, rows, out, outStride, .float32)
  case .float16: scoreLoop(keys, blocks, queries, rows, out, outStride, .float16)
  case .bfloat16: scoreLoop(keys, blocks, queries, rows, out, outStride, .bfloat16)
  }
}

@inline(always) private func scoreLoop(
  _ keys: ExactRows, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ element: FloatElement
) {
  let d = keys.headDim
  let blockBytes = d * 16 * element.bytes
  var row = 0
  while row < rows {
    let left = rows - row
    let q = queries + row * d
    let step = left >= 8 ? 8 : left >= 3 ? 3 : 1
    var block = blocks.lowerBound
    while block < blocks.upperBound {
      let k = keys.elements + block * blockBytes
      let target = out + row * outStride + (block - blocks.lowerBound) * 16
      if step == 8 {
        scoreTile(k, d, q, target, outStride, element, rows: 8)
      } else if step == 3 {
        scoreTile(k, d, q, target, outStride, element, rows: 3)
      } else {
        scoreTile(k, d, q, target, outStride, element, rows: 1)
      }
      block = block + 1
    }
    row = row + step
  }
}

@inline(always) private func scoreTile(
  _ k: UnsafeRawPointer, _ d: Int, _ q: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int,
  _ element: FloatElement, rows: Int
) {
  var s0 = Floats()
  var s1 = Floats()
  var s2 = Floats()
  var s3 = Floats()
  var s4 = Floats()
  var s5 = Floats()
  var s6 = Floats()
  var s7 = Floats()
  var c = 0
  while c < d {
    // Few rows wait for memory, which the hardware's prefetching alone does not fill; a block takes less time than memory.
    if rows <= 3 && c & 1 == 0 { kv_prefetch(k + (3 * d + c) * 16 * element.bytes, 64) }
    let key = loadElements(k + c * 16 * element.bytes, element)
    s0 = multiplyAdd(s0, key, Floats(repeating: q[c]))
    if rows > 1 {
      s1 = multiplyAdd(s1, key, Floats(repeating: q[d + c]))
      s2 = multiplyAdd(s2, key, Floats(repeating: q[2 * d + c]))
    }
    if rows > 3 {
      s3 = multiplyAdd(s3, key, Floats(repeating: q[3 * d + c]))
      s4 = multiplyAdd(s4, key, Floats(repeating: q[4 * d + c]))
      s5 = multiplyAdd(s5, key, Floats(repeating: q[5 * d + c]))
      s6 = multiplyAdd(s6, key, Floats(repeating: q[6 * d + c]))
      s7 = multiplyAdd(s7, key, Floats(repeating: q[7 * d + c]))
    }
    c = c + 1
  }
  storeFloats(s0, out)
  if rows > 1 {
    storeFloats(s1, out + outStride)
    storeFloats(s2, out + 2 * outStride)
  }
  if rows > 3 {
    storeFloats(s3, out + 3 * outStride)
    storeFloats(s4, out + 4 * outStride)
    storeFloats(s5, out + 5 * outStride)
    storeFloats(s6, out + 6 * outStride)
    storeFloats(s7, out + 7 * outStride)
  }
}

/// Weighted sums of exact values: channels in the lanes, tokens in order; headDim is a multiple of 16.
@Sendable func accumulateValues(
  _ values: ExactRows, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>
) {
  switch values.element {
  case .float32: valueLoop(values, tokens, weights, weightStride, rows, acc, .float32)
  case .float16: valueLoop(values, tokens, weights, weightStride, rows, acc, .float16)
  case .bfloat16: valueLoop(values, tokens, weights, weightStride, rows, acc, .bfloat16)
  }
}

@inline(always) private func valueLoop(
  _ values: ExactRows, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>, _ element: FloatElement
) {
  let d = values.headDim
  var row = 0
  while row < rows {
    let step = rows - row >= 3 ? 3 : 1
    let w = weights + row * weightStride
    var channel = 0
    while channel < d {
      let base = values.elements + channel * element.bytes
      let target = acc + row * d + channel
      if d - channel >= 64 {
        if step == 3 {
          valueTile(base, d, tokens, w, weightStride, target, element, rows: 3, vectors: 4)
        } else {
          valueTile(base, d, tokens, w, weightStride, target, element, rows: 1, vectors: 4)
        }
        channel = channel + 64
      } else {
        if step == 3 {
          valueTile(base, d, tokens, w, weightStride, target, element, rows: 3, vectors: 1)
        } else {
          valueTile(base, d, tokens, w, weightStride, target, element, rows: 1, vectors: 1)
        }
        channel = channel + 16
      }
    }
    row = row + step
  }
}

@inline(always) private func valueTile(
  _ base: UnsafeRawPointer, _ d: Int, _ tokens: Range<Int>, _ w: UnsafePointer<Float>, _ weightStride: Int,
  _ acc: UnsafeMutablePointer<Float>, _ element: FloatElement, rows: Int, vectors: Int
) {
  @inline(always) func start(_ r: Int, _ v: Int) -> Floats {
    r < rows && v < vectors ? loadFloats(acc + r * d + v * 16) : Floats()
  }
  var a0 = start(0, 0)
  var a1 = start(0, 1)
  var a2 = start(0, 2)
  var a3 = start(0, 3)
  var b0 = start(1, 0)
  var b1 = start(1, 1)
  var b2 = start(1, 2)
  var b3 = start(1, 3)
  var c0 = start(2, 0)
  var c1 = start(2, 1)
  var c2 = start(2, 2)
  var c3 = start(2, 3)
  var token = tokens.lowerBound
  var i = 0
  while token < tokens.upperBound {
    let p = base + token * d * element.bytes
    if vectors > 1 { kv_prefetch(p + 96 * d * element.bytes, 64 * element.bytes) }
    let v0 = loadElements(p, element)
    let v1 = vectors > 1 ? loadElements(p + 16 * element.bytes, element) : Floats()
    let v2 = vectors > 1 ? loadElements(p + 32 * element.bytes, element) : Floats()
    let v3 = vectors > 1 ? loadElements(p + 48 * element.bytes, element) : Floats()
    let wa = Floats(repeating: w[i])
    a0 = multiplyAdd(a0, v0, wa)
    if vectors > 1 {
      a1 = multiplyAdd(a1, v1, wa)
      a2 = multiplyAdd(a2, v2, wa)
      a3 = multiplyAdd(a3, v3, wa)
    }
    if rows > 1 {
      let wb = Floats(repeating: w[weightStride + i])
      let wc = Floats(repeating: w[2 * weightStride + i])
      b0 = multiplyAdd(b0, v0, wb)
      c0 = multiplyAdd(c0, v0, wc)
      if vectors > 1 {
        b1 = multiplyAdd(b1, v1, wb)
        b2 = multiplyAdd(b2, v2, wb)
        b3 = multiplyAdd(b3, v3, wb)
        c1 = multiplyAdd(c1, v1, wc)
        c2 = multiplyAdd(c2, v2, wc)
        c3 = multiplyAdd(c3, v3, wc)
      }
    }
    token = token + 1
    i = i + 1
  }
  @inline(always) func finish(_ x: Floats, _ r: Int, _ v: Int) {
    if r < rows && v < vectors { storeFloats(x, acc + r * d + v * 16) }
  }
  finish(a0, 0, 0)
  finish(a1, 0, 1)
  finish(a2, 0, 2)
  finish(a3, 0, 3)
  finish(b0, 1, 0)
  finish(b1, 1, 1)
  finish(b2, 1, 2)
  finish(b3, 1, 3)
  finish(c0, 2, 0)
  finish(c1, 2, 1)
  finish(c2, 2, 2)
  finish(c3, 2, 3)
}
