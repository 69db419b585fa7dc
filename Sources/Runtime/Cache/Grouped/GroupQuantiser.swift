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

  /// The same of 16 numbers, a code a lane.
  @inline(__always) func codes(_ x: SIMD16<Float>) -> SIMD16<UInt32> {
    guard scale > 0 else { return SIMD16() }
    let level = (x - minimum) / scale
    var clamped = level.replacing(with: levels, where: level .> levels)
    clamped.replace(with: 0, where: .!(level .> 0))
    return unsafeBitCast(clamped + 12_582_912, to: SIMD16<UInt32>.self) & 0xff
  }

  /// How far a number between the extremes may lie from its restored code: half a step, and at the ends what scale and
  /// minimum lose in half precision.
  var errorReach: Float {
    scale / 2 + (abs(minimum) + levels * abs(scale)) * 0x1p-10 + levels * 0x1p-24
  }

  public func restored(_ code: UInt8) -> Float { Float(code) * scale + minimum }
}
