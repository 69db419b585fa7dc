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
    let query = queries + row * d
    let line = out + row * outStride
    var j = 0
    while j < rank {
      let vectors = rank - j >= 3 ? 3 : 1
      let p = factors.p + j * d
      let q = factors.q + blocks.lowerBound * rank * 16 + j * 16
      let fa = projection(query, p, d)
      if vectors == 3 {
        let fb = projection(query, p + d, d)
        let fc = projection(query, p + 2 * d, d)
        var block = 0
        while block < blocks.count {
          let source = q + block * rank * 16
          var x = loadFloats(line + block * 16)
          x = multiplyAdd(x, kv_load_half16(source), Floats(repeating: fa))
          x = multiplyAdd(x, kv_load_half16(source + 16), Floats(repeating: fb))
          storeFloats(multiplyAdd(x, kv_load_half16(source + 32), Floats(repeating: fc)), line + block * 16)
          block = block + 1
        }
      } else {
        var block = 0
        while block < blocks.count {
          let x = loadFloats(line + block * 16)
          storeFloats(
            multiplyAdd(x, kv_load_half16(q + block * rank * 16), Floats(repeating: fa)), line + block * 16)
          block = block + 1
        }
      }
      j = j + vectors
    }
    row = row + 1
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
    let line = weights + row * weightStride
    var j = 0
    while j < rank {
      let vectors = rank - j >= 3 ? 3 : 1
      let q = factors.q + tokens.lowerBound / 16 * rank * 16 + j * 16
      var a = Floats()
      var b = Floats()
      var c = Floats()
      var token = 0
      while token < tokens.count {
        let source = q + token * rank
        var w = Floats()
        if token + 16 <= tokens.count {
          w = loadFloats(line + token)
        } else {
          var lane = 0
          while token + lane < tokens.count {
            w[lane] = line[token + lane]
            lane = lane + 1
          }
        }
        a = multiplyAdd(a, w, kv_load_half16(source))
        if vectors == 3 {
          b = multiplyAdd(b, w, kv_load_half16(source + 16))
          c = multiplyAdd(c, w, kv_load_half16(source + 32))
        }
        token = token + 16
      }
      let sumA = Floats(repeating: laneSum(a))
      let sumB = Floats(repeating: vectors == 3 ? laneSum(b) : 0)
      let sumC = Floats(repeating: vectors == 3 ? laneSum(c) : 0)
      var channel = 0
      while channel < d {
        let p = factors.p + j * d + channel
        let target = acc + row * d + channel
        var x = multiplyAdd(loadFloats(target), kv_load_half16(p), sumA)
        if vectors == 3 {
          x = multiplyAdd(x, kv_load_half16(p + d), sumB)
          x = multiplyAdd(x, kv_load_half16(p + 2 * d), sumC)
        }
        storeFloats(x, target)
        channel = channel + 16
      }
      j = j + vectors
    }
    row = row + 1
  }
}
