import CIntrinsics
import KernelABI

// Floats as fixed point of 16 bits in two planes of signed bytes: n = step * (256 high + low). Byte dot products against
// unsigned codes are then exact, and four times as wide as float ones. A number is off by at most half a step, 2^-16 of
// the largest of its row and range: less than the half-precision rounding of an uncompressed key.

/// Largest fixed-point number: its high byte is 127 at most, whatever is borrowed from below.
private let largestFixed: Float = 127 * 256

/// The step for numbers of the given largest magnitude, and its inverse; both 0 for all zeros.
@inline(always) func fixedPointStep(_ largest: Float) -> (step: Float, inverse: Float) {
  (largest * (1 / largestFixed), largest > 0 ? largestFixed / largest : 0)
}

/// Writes the planes of 16 numbers, given in steps, at `planes` and `planes + planeBytes`, high one first.
@inline(always) func storeFixed(_ x: Floats, _ planes: UnsafeMutablePointer<UInt8>, _ planeBytes: Int) {
  let whole = kv_int_from_float(x)
  kv_store_low_bytes(planes, (whole &+ 128) &>> 8)
  kv_store_low_bytes(planes + planeBytes, whole)
}

/// The same for 64 numbers that lie one behind the other.
@inline(always) func storeFixed(
  _ a: Floats, _ b: Floats, _ c: Floats, _ d: Floats, _ planes: UnsafeMutablePointer<UInt8>, _ planeBytes: Int
) {
  kv_store_planes64(
    kv_int_from_float(a), kv_int_from_float(b), kv_int_from_float(c), kv_int_from_float(d), planes,
    planes + planeBytes)
}

/// The floats that two plane sums stand for; the sums are below 2^24, so their conversion is exact.
@inline(always) func joinPlanes(_ high: Ints, _ low: Ints, _ step: Float) -> Floats {
  (kv_float_from_int(high) * 256 + kv_float_from_int(low)) * step
}

@inline(always) func magnitudes(_ x: Floats) -> Floats {
  unsafeBitCast(unsafeBitCast(x, to: SIMD16<UInt32>.self) & SIMD16<UInt32>(repeating: 0x7fff_ffff), to: Floats.self)
}

@inline(always) func largerOf(_ a: Floats, _ b: Floats) -> Floats { a.replacing(with: b, where: b .> a) }

/// Codes `index` of the bytes of a vector, one a byte; `bits` is a literal.
@inline(always) func codes(_ vector: SIMD16<UInt32>, _ index: Int, bits: Int) -> SIMD64<UInt8> {
  if bits == 8 { return unsafeBitCast(vector, to: SIMD64<UInt8>.self) }
  let mask: UInt32 = bits == 2 ? 0x0303_0303 : 0x0f0f_0f0f
  let shifted = vector &>> SIMD16<UInt32>(repeating: UInt32(truncatingIfNeeded: index &* bits))
  return unsafeBitCast(shifted & SIMD16<UInt32>(repeating: mask), to: SIMD64<UInt8>.self)
}
