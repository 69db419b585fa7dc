import CIntrinsics

/// e^x for any x, to about 1e-7 relative; infinity above 88.72, denormal numbers and then 0 below -87.
@inline(always) func exponentialOfAny(_ x: Floats) -> Floats {
  // Past both ends of the range the result is infinity or 0 all the same.
  var clamped = x.replacing(with: 89, where: x .> 89)
  clamped = clamped.replacing(with: -105, where: x .< -105)
  let magic = Floats(repeating: 12_582_912)
  let shifted = multiplyAdd(magic, clamped, Floats(repeating: 1.442_695))
  let n = shifted - magic
  var r = multiplyAdd(clamped, n, Floats(repeating: -0.693_359_4))
  r = multiplyAdd(r, n, Floats(repeating: 2.121_944_4e-4))
  var p = Floats(repeating: 1.987_569_1e-4)
  p = multiplyAdd(Floats(repeating: 1.398_199_9e-3), p, r)
  p = multiplyAdd(Floats(repeating: 8.333_452e-3), p, r)
  p = multiplyAdd(Floats(repeating: 4.166_579_6e-2), p, r)
  p = multiplyAdd(Floats(repeating: 0.166_666_65), p, r)
  p = multiplyAdd(Floats(repeating: 0.5), p, r)
  let y = multiplyAdd(r + 1, p, r * r)
  // In two factors, neither of which leaves the range of exponents by itself.
  let exponent = unsafeBitCast(shifted, to: Ints.self) &- unsafeBitCast(magic, to: Ints.self)
  let half = exponent &>> 1
  let result = y * powerOfTwo(half) * powerOfTwo(exponent &- half)
  return x.replacing(with: result, where: x .== x)
}

@inline(always) private func powerOfTwo(_ exponent: Ints) -> Floats {
  unsafeBitCast((exponent &+ 127) &<< 23, to: Floats.self)
}

/// log x to about 1e-7 relative (the polynomial of Cephes' logf): -infinity of 0, NaN below, infinity of infinity.
@inline(always) func logarithm(_ x: Floats) -> Floats {
  let least = Floats(repeating: .leastNormalMagnitude)
  // A denormal number is brought into the normal range first.
  let isSmall = x .< least
  let scaled = x.replacing(with: x * 16_777_216, where: isSmall)
  let bits = unsafeBitCast(scaled, to: Ints.self)
  // The mantissa in [sqrt(1/2), sqrt(2)), so that the logarithm of numbers near 1 keeps its digits.
  let offset = bits &- Ints(repeating: 0x3f35_04f3)
  let exponent = offset &>> 23
  let mantissa = unsafeBitCast(bits &- (exponent &<< 23), to: Floats.self)
  var n = kv_floats_from_ints(exponent)
  n = n.replacing(with: n - 24, where: isSmall)
  let r = mantissa - 1
  var p = Floats(repeating: 7.037_683_6e-2)
  p = multiplyAdd(Floats(repeating: -0.115_146_1), p, r)
  p = multiplyAdd(Floats(repeating: 0.116_769_99), p, r)
  p = multiplyAdd(Floats(repeating: -0.124_201_41), p, r)
  p = multiplyAdd(Floats(repeating: 0.142_493_23), p, r)
  p = multiplyAdd(Floats(repeating: -0.166_680_58), p, r)
  p = multiplyAdd(Floats(repeating: 0.200_007_15), p, r)
  p = multiplyAdd(Floats(repeating: -0.249_999_94), p, r)
  p = multiplyAdd(Floats(repeating: 0.333_333_3), p, r)
  let square = r * r
  var y = p * r * square
  y = multiplyAdd(y, n, Floats(repeating: -2.121_944_4e-4))
  y = multiplyAdd(y, square, Floats(repeating: -0.5))
  var result = multiplyAdd(r + y, n, Floats(repeating: 0.693_359_4))
  result = result.replacing(with: .infinity, where: x .== .infinity)
  result = result.replacing(with: -.infinity, where: x .== 0)
  result = result.replacing(with: .nan, where: x .< 0)
  return x.replacing(with: result, where: x .== x)
}
