import CIntrinsics

/// Half-precision numbers as their 16 bits, rounded half to even.
enum Half {
  @inline(__always) static func bits(_ x: Float) -> UInt16 { kv_float_to_half_scalar(x) }
  @inline(__always) static func float(_ bits: UInt16) -> Float { kv_half_to_float_scalar(bits) }
  /// x rounded to half precision.
  @inline(__always) static func round(_ x: Float) -> Float { float(bits(x)) }
}
