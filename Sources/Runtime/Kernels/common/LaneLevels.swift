import CIntrinsics
import KernelABI

/// What the codes of a unit of `LaneCodes` stand for: a table of levels in registers.
struct LaneLevels {
  let first: Floats
  let second: Floats

  @inline(always) init(_ levels: UnsafePointer<Float>) {
    first = loadFloats(levels)
    second = loadFloats(levels + 16)
  }

  /// The levels of the codes whose low bits are at the bottom of `low` and whose last bit is at the bottom of `last`;
  /// `bits` is a literal. Bits above are other codes.
  @inline(always) func levels(_ low: SIMD16<UInt32>, _ last: SIMD16<UInt32>, bits: Int) -> Floats {
    switch bits {
    case 3:
      return kv_lookup16(first, (low & SIMD16(repeating: 3)) | (last &<< SIMD16(repeating: 2) & SIMD16(repeating: 4)))
    case 5:
      return kv_lookup32(
        first, second, (low & SIMD16(repeating: 15)) | (last &<< SIMD16(repeating: 4) & SIMD16(repeating: 16)))
    case 8: return kv_float_from_int(unsafeBitCast(low & SIMD16(repeating: 255), to: Ints.self))
    // Fewer levels than 16 repeat in the table, so that nothing has to be masked.
    default: return kv_lookup16(first, low)
    }
  }
}

/// The words of a unit that hold the codes' last bits; zero for even widths.
@inline(always) func lastBits(_ words: UnsafePointer<UInt32>, bits: Int) -> SIMD16<UInt32> {
  bits & 1 == 1 ? kv_load_u32x16(words + LaneCodes.lowBits(bits) * 16) : SIMD16<UInt32>()
}
