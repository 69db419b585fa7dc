import CIntrinsics
import KernelABI

@inline(__always) private func unpack(_ p: UnsafePointer<UInt8>, _ bits: Int) -> Floats {
  switch bits {
  case 2: kv_unpack2(p)
  case 4: kv_unpack4(p)
  default: kv_unpack8(p)
  }
}

/// Scores against 32 packed keys: tokens in the lanes; the query comes multiplied by the channel's scale.
@Sendable func packedKeyScores(
  _ codes: UnsafePointer<UInt8>, _ bits: Int, _ channelStride: Int, _ headDim: Int, _ queries: UnsafePointer<Float>,
  _ bias: UnsafePointer<Float>, _ rows: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  switch bits {
  case 2: packedScoreLoop(codes, channelStride, headDim, queries, bias, rows, out, outStride, bits: 2)
  case 4: packedScoreLoop(codes, channelStride, headDim, queries, bias, rows, out, outStride, bits: 4)
  default: packedScoreLoop(codes, channelStride, headDim, queries, bias, rows, out, outStride, bits: 8)
  }
}

@inline(__always) private func packedScoreLoop(
  _ codes: UnsafePointer<UInt8>, _ channelStride: Int, _ d: Int, _ queries: UnsafePointer<Float>,
  _ bias: UnsafePointer<Float>, _ rows: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int, bits: Int
) {
  var row = 0
  while row < rows {
    let q = queries + row * d
    if rows - row >= 3 {
      var a0 = Floats(repeating: bias[row])
      var a1 = a0
      var b0 = Floats(repeating: bias[row + 1])
      var b1 = b0
      var c0 = Floats(repeating: bias[row + 2])
      var c1 = c0
      var c = 0
      while c < d {
        let p = codes + c * channelStride
        let k0 = unpack(p, bits)
        let k1 = unpack(p + 2 * bits, bits)
        let qa = Floats(repeating: q[c])
        let qb = Floats(repeating: q[d + c])
        let qc = Floats(repeating: q[2 * d + c])
        a0 = multiplyAdd(a0, k0, qa)
        a1 = multiplyAdd(a1, k1, qa)
        b0 = multiplyAdd(b0, k0, qb)
        b1 = multiplyAdd(b1, k1, qb)
        c0 = multiplyAdd(c0, k0, qc)
        c1 = multiplyAdd(c1, k1, qc)
        c = c + 1
      }
      let target = out + row * outStride
      storeFloats(a0, target)
      storeFloats(a1, target + 16)
      storeFloats(b0, target + outStride)
      storeFloats(b1, target + outStride + 16)
      storeFloats(c0, target + 2 * outStride)
      storeFloats(c1, target + 2 * outStride + 16)
      row = row + 3
    } else {
      var a0 = Floats(repeating: bias[row])
      var a1 = a0
      var c = 0
      while c < d {
        let p = codes + c * channelStride
        let qa = Floats(repeating: q[c])
        a0 = multiplyAdd(a0, unpack(p, bits), qa)
        a1 = multiplyAdd(a1, unpack(p + 2 * bits, bits), qa)
        c = c + 1
      }
      storeFloats(a0, out + row * outStride)
      storeFloats(a1, out + row * outStride + 16)
      row = row + 1
    }
  }
}

/// Weighted sums of packed values: channels in the lanes; the weight comes multiplied by the group's scale.
@Sendable func accumulatePackedValues(
  _ codes: UnsafePointer<UInt8>, _ bits: Int, _ tokens: Int, _ headDim: Int, _ groupSize: Int,
  _ weights: UnsafePointer<Float>, _ rows: Int, _ acc: UnsafeMutablePointer<Float>
) {
  switch bits {
  case 2: packedValueLoop(codes, tokens, headDim, groupSize, weights, rows, acc, bits: 2)
  case 4: packedValueLoop(codes, tokens, headDim, groupSize, weights, rows, acc, bits: 4)
  default: packedValueLoop(codes, tokens, headDim, groupSize, weights, rows, acc, bits: 8)
  }
}

@inline(__always) private func packedValueLoop(
  _ codes: UnsafePointer<UInt8>, _ tokens: Int, _ d: Int, _ groupSize: Int, _ weights: UnsafePointer<Float>,
  _ rows: Int, _ acc: UnsafeMutablePointer<Float>, bits: Int
) {
  let rowBytes = d * bits / 8
  let groups = d / groupSize
  var channel = 0
  while channel < d {
    // Sixteen channels never straddle a group: groups are multiples of 16.
    let group = channel / groupSize
    let base = codes + channel * bits / 8
    var row = 0
    while row < rows {
      let w = weights + (row * groups + group) * 32
      let target = acc + row * d + channel
      if rows - row >= 3 {
        let stride = groups * 32
        var a = loadFloats(target)
        var b = loadFloats(target + d)
        var c = loadFloats(target + 2 * d)
        var t = 0
        while t < tokens {
          let v = unpack(base + t * rowBytes, bits)
          a = multiplyAdd(a, v, Floats(repeating: w[t]))
          b = multiplyAdd(b, v, Floats(repeating: w[stride + t]))
          c = multiplyAdd(c, v, Floats(repeating: w[2 * stride + t]))
          t = t + 1
        }
        storeFloats(a, target)
        storeFloats(b, target + d)
        storeFloats(c, target + 2 * d)
        row = row + 3
      } else {
        var a = loadFloats(target)
        var t = 0
        while t < tokens {
          a = multiplyAdd(a, unpack(base + t * rowBytes, bits), Floats(repeating: w[t]))
          t = t + 1
        }
        storeFloats(a, target)
        row = row + 1
      }
    }
    channel = channel + 16
  }
}
