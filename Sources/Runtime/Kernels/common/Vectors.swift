import CIntrinsics
import KernelABI

// Everything a kernel calls is `@inline(always)` or C: a generic function of the standard library, specialised here, would
// have the same name in every kernel target, and the linker would keep one, for one instruction set.

typealias Floats = SIMD16<Float>
typealias Ints = SIMD16<Int32>

/// acc + a * b, fused where the instruction set has it; the baseline's fused form would be a library call an element.
@inline(always) func multiplyAdd(_ acc: Floats, _ a: Floats, _ b: Floats) -> Floats {
  #if KERNELS_BASE
    return a * b + acc
  #else
    return acc.addingProduct(a, b)
  #endif
}

@inline(always) func loadFloats(_ p: UnsafePointer<Float>) -> Floats {
  kv_load_f32x16(p)
}

@inline(always) func storeFloats(_ x: Floats, _ p: UnsafeMutablePointer<Float>) {
  kv_store_f32x16(p, x)
}

@inline(always) func loadElements(_ p: UnsafeRawPointer, _ element: FloatElement) -> Floats {
  switch element {
  case .float32: kv_load_f32x16(p)
  case .float16: kv_load_half16(p.assumingMemoryBound(to: UInt16.self))
  case .bfloat16: kv_load_bfloat16(p.assumingMemoryBound(to: UInt16.self))
  }
}

/// Sum of the lanes by halving: the same order whatever the instruction set.
@inline(always) func laneSum(_ x: Floats) -> Float { kv_lane_sum(x) }

/// e^x for x <= 0, to about 1e-7 relative: x = n ln 2 + r, a degree-6 polynomial in r, n added to the exponent.
@inline(always) func exponential(_ x: Floats) -> Floats {
  let clamped = x.replacing(with: -87, where: x .< -87)
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
  // The magic number's own bits are shifted out.
  let scaled = unsafeBitCast(y, to: Ints.self) &+ (unsafeBitCast(shifted, to: Ints.self) &<< 23)
  return unsafeBitCast(scaled, to: Floats.self)
}
