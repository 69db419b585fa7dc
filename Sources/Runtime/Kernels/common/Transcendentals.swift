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

/// x times the share of a standard normal distribution below x, to about 1e-7 of |x|.
@inline(always) func gaussianGate(_ x: Floats) -> Floats {
  let half = x * Floats(repeating: 0.5)
  return multiplyAdd(half, half, errorFunction(x * Floats(repeating: 0.707_106_77)))
}

/// erf x to about 1e-7: a quotient of polynomials in x^2 (the one of Eigen's float kernels), near its ends 1 less a
/// polynomial in the distance from 4, since the quotient's roundings are more than what is left of 1 there; 1 beyond 4.
@inline(always) private func errorFunction(_ x: Floats) -> Floats {
  let most = Floats(repeating: 4)
  var clamped = x.replacing(with: most, where: x .> most)
  clamped = clamped.replacing(with: -4, where: x .< -4)
  let square = clamped * clamped
  var p = Floats(repeating: -2.726_142_4e-10)
  p = multiplyAdd(Floats(repeating: 2.770_681_4e-8), p, square)
  p = multiplyAdd(Floats(repeating: -2.101_024e-6), p, square)
  p = multiplyAdd(Floats(repeating: -5.692_506_5e-5), p, square)
  p = multiplyAdd(Floats(repeating: -7.349_906_3e-4), p, square)
  p = multiplyAdd(Floats(repeating: -2.954_599_8e-3), p, square)
  p = multiplyAdd(Floats(repeating: -1.609_603_3e-2), p, square)
  var q = Floats(repeating: -1.456_607_2e-5)
  q = multiplyAdd(Floats(repeating: -2.133_740_6e-4), q, square)
  q = multiplyAdd(Floats(repeating: -1.682_827e-3), q, square)
  q = multiplyAdd(Floats(repeating: -7.373_329_2e-3), q, square)
  q = multiplyAdd(Floats(repeating: -1.426_473_9e-2), q, square)
  let result = clamped * p / q
  let magnitude = clamped.replacing(with: -clamped, where: clamped .< 0)
  let left = complement(most - magnitude)
  let above = result.replacing(with: 1 - left, where: clamped .> 2.75)
  return above.replacing(with: left - 1, where: clamped .< -2.75)
}

/// 1 - erf(4 - distance) for distances 0 ... 1.25, to 1e-7: the polynomial of degree 6 through Chebyshev's points.
@inline(always) private func complement(_ distance: Floats) -> Floats {
  var p = Floats(repeating: 1.910_080_2e-4)
  p = multiplyAdd(Floats(repeating: -4.754_815_3e-4), p, distance)
  p = multiplyAdd(Floats(repeating: 4.975_585e-4), p, distance)
  p = multiplyAdd(Floats(repeating: -2.421_259_4e-4), p, distance)
  p = multiplyAdd(Floats(repeating: 5.539_742e-5), p, distance)
  p = multiplyAdd(Floats(repeating: -4.414_415e-6), p, distance)
  let left = multiplyAdd(Floats(repeating: 7.592_54e-8), p, distance)
  return left.replacing(with: 0, where: distance .<= 0)
}
