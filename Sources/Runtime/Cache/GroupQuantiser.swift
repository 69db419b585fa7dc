/// Asymmetric min/max quantisation of one group (sheet kivi, "Group quantizer").
///
/// mn = min x; s = (max x - mn) / (2^bits - 1); code = round half even((x - mn) / s); x is restored as code * s + mn.
/// A constant group has s = 0 and codes 0, so it is restored exactly.
public struct GroupQuantiser: Equatable, Sendable {
  public var scale: Float
  public var minimum: Float
  public let levels: Float

  /// Scale and minimum of a group with the given extremes.
  public init(bits: Int, minimum: Float, maximum: Float) {
    levels = Float((1 << bits) - 1)
    self.minimum = minimum
    scale = (maximum - minimum) / levels
  }

  /// The same with scale and minimum as the cache stores them, in half precision.
  public func roundedToHalf() -> GroupQuantiser {
    var rounded = self
    rounded.scale = Half.round(scale)
    rounded.minimum = Half.round(minimum)
    return rounded
  }

  public func code(_ x: Float) -> UInt8 {
    guard scale > 0 else { return 0 }
    let level = (x - minimum) / scale
    // NaN falls through to 0. Adding 1.5 * 2^23 leaves round half even in the low bits, where a call would be slow.
    let clamped = level > 0 ? min(levels, level) : 0
    return UInt8(truncatingIfNeeded: (clamped + 12_582_912).bitPattern)
  }

  public func restored(_ code: UInt8) -> Float { Float(code) * scale + minimum }
}

/// Codes of 2, 4 or 8 bits in bytes, lowest bits first: the order of KIVI's int32 words on a little-endian machine.
enum CodePacking {
  /// log2 of the codes in a byte.
  @inline(__always) private static func shift(_ bits: Int) -> Int { 3 - bits.trailingZeroBitCount }

  @inline(__always) static func write(_ code: UInt8, at index: Int, bits: Int, _ base: UnsafeMutablePointer<UInt8>) {
    let shift = shift(bits)
    let place = UInt8(truncatingIfNeeded: (index & ((1 << shift) - 1)) * bits)
    let mask = UInt8(truncatingIfNeeded: (1 << bits) - 1) << place
    base[index >> shift] = base[index >> shift] & ~mask | code << place
  }

  @inline(__always) static func read(_ index: Int, bits: Int, _ base: UnsafePointer<UInt8>) -> UInt8 {
    let shift = shift(bits)
    let place = UInt8(truncatingIfNeeded: (index & ((1 << shift) - 1)) * bits)
    return base[index >> shift] >> place & UInt8(truncatingIfNeeded: (1 << bits) - 1)
  }
}
