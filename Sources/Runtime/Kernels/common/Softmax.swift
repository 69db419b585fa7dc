import CIntrinsics
import KernelABI

/// The largest number of each lane so far, and the largest magnitude: NaN is one beyond infinity, as integers, since a
/// comparison of floats for inequality is not one instruction.
private struct Extreme {
  var best = Floats(repeating: -.infinity)
  var widest = Ints()

  @inline(always) init() {}

  @inline(always) mutating func take(_ x: Floats) {
    best = largerOf(best, x)
    let bits = unsafeBitCast(x, to: Ints.self) & Ints(repeating: 0x7fff_ffff)
    widest.replace(with: bits, where: bits .> widest)
  }

  @inline(always) mutating func take(_ other: Extreme) {
    best = largerOf(best, other.best)
    widest.replace(with: other.widest, where: other.widest .> widest)
  }
}

@Sendable func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  // Four chains: one would wait for itself at every vector.
  var a = Extreme()
  var b = Extreme()
  var c = Extreme()
  var d = Extreme()
  var i = 0
  while i + 64 <= count {
    a.take(loadFloats(x + i))
    b.take(loadFloats(x + (i + 16)))
    c.take(loadFloats(x + (i + 32)))
    d.take(loadFloats(x + (i + 48)))
    i = i + 64
  }
  while i + 16 <= count {
    a.take(loadFloats(x + i))
    i = i + 16
  }
  a.take(b)
  c.take(d)
  a.take(c)
  var result = laneMaximum(a.best)
  var isNaN = kv_lane_maximum_i32(a.widest) > 0x7f80_0000
  while i < count {
    if x[i] > result { result = x[i] }
    if x[i] != x[i] { isNaN = true }
    i = i + 1
  }
  return isNaN ? .nan : result
}

/// Lanes belong to token numbers modulo 16, so a row's sum does not depend on what follows it.
@Sendable func exponentiate(_ x: UnsafeMutablePointer<Float>, _ count: Int, _ maximum: Float) -> Float {
  var sum = Floats()
  var i = 0
  while i + 16 <= count {
    let e = exponential(loadFloats(x + i) - maximum)
    sum += e
    storeFloats(e, x + i)
    i = i + 16
  }
  if i < count {
    var tail = Floats(repeating: -.infinity)
    var lane = 0
    while i + lane < count {
      tail[lane] = x[i + lane]
      lane = lane + 1
    }
    let e = exponential(tail - maximum).replacing(with: 0, where: tail .== -.infinity)
    sum += e
    lane = 0
    while i + lane < count {
      x[i + lane] = e[lane]
      lane = lane + 1
    }
  }
  return laneSum(sum)
}
