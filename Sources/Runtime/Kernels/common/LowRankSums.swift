import CIntrinsics
import KernelABI

/// rows[t, :] += sum over j of q[t / 16, j, t % 16] * p[j, :], in the order of j. Not fused, so that every set gives the
/// same bits.
@Sendable func addLowRankRows(
  _ q: UnsafePointer<Float>, _ p: UnsafePointer<Float>, _ rank: Int, _ headDim: Int, _ tokens: Int,
  _ rows: UnsafeMutablePointer<Float>
) {
  var channel = 0
  while channel < headDim {
    var j = 0
    while j < rank {
      let vectors = rank - j >= 3 ? 3 : 1
      let direction = p + j * headDim + channel
      let factors = q + j * 16
      let target = rows + channel
      if headDim - channel >= 64 {
        if vectors == 3 {
          lowRankTile(factors, rank, direction, headDim, tokens, target, wide: true, vectors: 3)
        } else {
          lowRankTile(factors, rank, direction, headDim, tokens, target, wide: true, vectors: 1)
        }
      } else {
        if vectors == 3 {
          lowRankTile(factors, rank, direction, headDim, tokens, target, wide: false, vectors: 3)
        } else {
          lowRankTile(factors, rank, direction, headDim, tokens, target, wide: false, vectors: 1)
        }
      }
      j = j + vectors
    }
    channel = channel + (headDim - channel >= 64 ? 64 : 16)
  }
}

/// `wide` (four vectors of channels) and `vectors` are literals at every call.
@inline(always) private func lowRankTile(
  _ q: UnsafePointer<Float>, _ rank: Int, _ p: UnsafePointer<Float>, _ headDim: Int, _ tokens: Int,
  _ rows: UnsafeMutablePointer<Float>, wide: Bool, vectors: Int
) {
  @inline(always) func direction(_ j: Int, _ i: Int) -> Floats {
    j < vectors && (wide || i == 0) ? loadFloats(p + j * headDim + i * 16) : Floats()
  }
  let a0 = direction(0, 0)
  let a1 = direction(0, 1)
  let a2 = direction(0, 2)
  let a3 = direction(0, 3)
  let b0 = direction(1, 0)
  let b1 = direction(1, 1)
  let b2 = direction(1, 2)
  let b3 = direction(1, 3)
  let c0 = direction(2, 0)
  let c1 = direction(2, 1)
  let c2 = direction(2, 2)
  let c3 = direction(2, 3)
  var token = 0
  while token < tokens {
    let factors = q + token / 16 * rank * 16 + token % 16
    let row = rows + token * headDim
    let fa = factors[0]
    let fb = vectors > 1 ? factors[16] : 0
    let fc = vectors > 1 ? factors[32] : 0
    @inline(always) func add(_ i: Int, _ a: Floats, _ b: Floats, _ c: Floats) {
      var x = loadFloats(row + i * 16) + a * fa
      if vectors > 1 { x = (x + b * fb) + c * fc }
      storeFloats(x, row + i * 16)
    }
    add(0, a0, b0, c0)
    if wide {
      add(1, a1, b1, c1)
      add(2, a2, b2, c2)
      add(3, a3, b3, c3)
    }
    token = token + 1
  }
}

/// out[row, token] += (query[row, :] P) . Q[token, :], whole blocks of 16 tokens.
@Sendable func addLowRankScores(
  _ factors: LowRankFactors, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  let d = factors.headDim
  let rank = factors.rank
  var row = 0
  while row < rows {
    let together = rows - row >= 3 ? 3 : 1
    let query = queries + row * d
    let line = out + row * outStride
    var j = 0
    while j < rank {
      let vectors = rank - j >= 3 ? 3 : 1
      if together == 3 {
        if vectors == 3 {
          lowRankScores(factors, j, blocks, query, line, outStride, rows: 3, vectors: 3)
        } else {
          lowRankScores(factors, j, blocks, query, line, outStride, rows: 3, vectors: 1)
        }
      } else {
        if vectors == 3 {
          lowRankScores(factors, j, blocks, query, line, outStride, rows: 1, vectors: 3)
        } else {
          lowRankScores(factors, j, blocks, query, line, outStride, rows: 1, vectors: 1)
        }
      }
      j = j + vectors
    }
    row = row + together
  }
}

/// `rows` and `vectors` (of Q, from the `j`th on) are literals at every call.
@inline(always) private func lowRankScores(
  _ factors: LowRankFactors, _ j: Int, _ blocks: Range<Int>, _ query: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, rows: Int, vectors: Int
) {
  let d = factors.headDim
  let rank = factors.rank
  let p = factors.p + j * d
  @inline(always) func product(_ row: Int, _ k: Int) -> Floats {
    guard row < rows, k < vectors else { return Floats() }
    return Floats(repeating: projection(query + row * d, p + k * d, d))
  }
  let a0 = product(0, 0)
  let a1 = product(0, 1)
  let a2 = product(0, 2)
  let b0 = product(1, 0)
  let b1 = product(1, 1)
  let b2 = product(1, 2)
  let c0 = product(2, 0)
  let c1 = product(2, 1)
  let c2 = product(2, 2)
  var source = factors.q + (blocks.lowerBound * rank + j) * 16
  var target = out
  var block = 0
  while block < blocks.count {
    let q0 = kv_load_half16(source)
    let q1 = vectors > 1 ? kv_load_half16(source + 16) : Floats()
    let q2 = vectors > 1 ? kv_load_half16(source + 32) : Floats()
    @inline(always) func add(_ row: Int, _ x0: Floats, _ x1: Floats, _ x2: Floats) {
      guard row < rows else { return }
      var x = multiplyAdd(loadFloats(target + row * outStride), q0, x0)
      if vectors > 1 { x = multiplyAdd(multiplyAdd(x, q1, x1), q2, x2) }
      storeFloats(x, target + row * outStride)
    }
    add(0, a0, a1, a2)
    add(1, b0, b1, b2)
    add(2, c0, c1, c2)
    source = source + rank * 16
    target = target + 16
    block = block + 1
  }
}

@inline(always) private func projection(_ query: UnsafePointer<Float>, _ p: UnsafePointer<UInt16>, _ d: Int) -> Float {
  var sum = Floats()
  var c = 0
  while c < d {
    sum = multiplyAdd(sum, loadFloats(query + c), kv_load_half16(p + c))
    c = c + 16
  }
  return laneSum(sum)
}

/// acc[row, :] += (weights[row, :] Q) P^T over tokens from a multiple of 16 on; weights past the range are not read.
@Sendable func addLowRankValues(
  _ factors: LowRankFactors, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
  _ acc: UnsafeMutablePointer<Float>
) {
  let d = factors.headDim
  let rank = factors.rank
  var row = 0
  while row < rows {
    let together = rows - row >= 3 ? 3 : 1
    let line = weights + row * weightStride
    let target = acc + row * d
    var j = 0
    while j < rank {
      let vectors = rank - j >= 3 ? 3 : 1
      if together == 3 {
        if vectors == 3 {
          lowRankValues(factors, j, tokens, line, weightStride, target, rows: 3, vectors: 3)
        } else {
          lowRankValues(factors, j, tokens, line, weightStride, target, rows: 3, vectors: 1)
        }
      } else {
        if vectors == 3 {
          lowRankValues(factors, j, tokens, line, weightStride, target, rows: 1, vectors: 3)
        } else {
          lowRankValues(factors, j, tokens, line, weightStride, target, rows: 1, vectors: 1)
        }
      }
      j = j + vectors
    }
    row = row + together
  }
}

/// `rows` and `vectors` (of Q, from the `j`th on) are literals at every call.
@inline(always) private func lowRankValues(
  _ factors: LowRankFactors, _ j: Int, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
  _ acc: UnsafeMutablePointer<Float>, rows: Int, vectors: Int
) {
  let d = factors.headDim
  let rank = factors.rank
  let q = factors.q + tokens.lowerBound / 16 * rank * 16 + j * 16
  var a0 = Floats()
  var a1 = Floats()
  var a2 = Floats()
  var b0 = Floats()
  var b1 = Floats()
  var b2 = Floats()
  var c0 = Floats()
  var c1 = Floats()
  var c2 = Floats()
  var token = 0
  while token < tokens.count {
    let source = q + token * rank
    let present = tokens.count - token
    let q0 = kv_load_half16(source)
    let q1 = vectors > 1 ? kv_load_half16(source + 16) : Floats()
    let q2 = vectors > 1 ? kv_load_half16(source + 32) : Floats()
    let wa = leadingFloats(weights + token, present)
    a0 = multiplyAdd(a0, wa, q0)
    if vectors > 1 {
      a1 = multiplyAdd(a1, wa, q1)
      a2 = multiplyAdd(a2, wa, q2)
    }
    if rows > 1 {
      let wb = leadingFloats(weights + weightStride + token, present)
      let wc = leadingFloats(weights + 2 * weightStride + token, present)
      b0 = multiplyAdd(b0, wb, q0)
      c0 = multiplyAdd(c0, wc, q0)
      if vectors > 1 {
        b1 = multiplyAdd(b1, wb, q1)
        b2 = multiplyAdd(b2, wb, q2)
        c1 = multiplyAdd(c1, wc, q1)
        c2 = multiplyAdd(c2, wc, q2)
      }
    }
    token = token + 16
  }
  @inline(always) func finish(_ row: Int, _ x0: Floats, _ x1: Floats, _ x2: Floats) {
    guard row < rows else { return }
    let sum0 = Floats(repeating: laneSum(x0))
    let sum1 = Floats(repeating: vectors > 1 ? laneSum(x1) : 0)
    let sum2 = Floats(repeating: vectors > 1 ? laneSum(x2) : 0)
    var channel = 0
    while channel < d {
      let p = factors.p + j * d + channel
      let target = acc + row * d + channel
      var x = multiplyAdd(loadFloats(target), kv_load_half16(p), sum0)
      if vectors > 1 {
        x = multiplyAdd(x, kv_load_half16(p + d), sum1)
        x = multiplyAdd(x, kv_load_half16(p + 2 * d), sum2)
      }
      storeFloats(x, target)
      channel = channel + 16
    }
  }
  finish(0, a0, a1, a2)
  finish(1, b0, b1, b2)
  finish(2, c0, c1, c2)
}

/// The first `present` of 16 floats, zeros behind them; no more are read.
@inline(always) private func leadingFloats(_ x: UnsafePointer<Float>, _ present: Int) -> Floats {
  present >= 16 ? loadFloats(x) : partial(x, present)
}
