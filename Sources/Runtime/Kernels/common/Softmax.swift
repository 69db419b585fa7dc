import KernelABI

@Sendable func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var best = Floats(repeating: -.infinity)
  // NaN is a magnitude beyond infinity; as integers, since a comparison of floats for inequality is not one instruction.
  var widest = Ints()
  var i = 0
  while i + 16 <= count {
    let v = loadFloats(x + i)
    best.replace(with: v, where: v .> best)
    let bits = unsafeBitCast(v, to: Ints.self) & Ints(repeating: 0x7fff_ffff)
    widest.replace(with: bits, where: bits .> widest)
    i = i + 16
  }
  var result = laneMaximum(best)
  var isNaN = false
  var lane = 0
  while lane < 16 {
    if widest[lane] > 0x7f80_0000 { isNaN = true }
    lane = lane + 1
  }
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
