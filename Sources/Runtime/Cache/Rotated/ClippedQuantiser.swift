/// QuaRot's quantiser of one vector (sheet quarot, step 4): extremes times a clip ratio, a whole zero point.
///
/// code = clamp(round half even(x / s) + z, 0, 2^bits - 1); x is restored as s * (code - z). Symmetric codes count from
/// z = 2^(bits - 1). A vector of equal numbers has s = 0 and is restored exactly.
public struct ClippedQuantiser: Equatable, Sendable {
  public let scale: Float
  /// The code of zero.
  public let zero: Float
  /// What code 0 stands for.
  public let minimum: Float
  public let levels: Float

  /// - Parameters:
  ///   - low: the smallest number, or 0 if that is smaller and the range is to hold it.
  ///   - isStored: scale and minimum are rounded to half precision, as the cache holds them.
  public init(bits: Int, symmetric: Bool, clip: Float, low: Float, high: Float, isStored: Bool) {
    levels = Float((1 << bits) - 1)
    let round = { (x: Float) in isStored ? Half.round(x) : x }
    if symmetric {
      let step = max(abs(low), abs(high)) * clip / Float((1 << (bits - 1)) - 1)
      scale = round(step == 0 ? 1 : step)
      zero = Float(1 << (bits - 1))
      minimum = -scale * zero
      return
    }
    let isZero = low == 0 && high == 0
    let least = isZero ? -1 : low * clip
    let most = isZero ? 1 : high * clip
    let step = round((most - least) / levels)
    let place = step > 0 ? (-least / step).rounded(.toNearestOrEven) : .infinity
    // Beyond 2^21 steps from zero the numbers are equal as far as single precision can say.
    guard abs(place) < 0x1p21, step.isFinite else {
      scale = 0
      zero = 0
      minimum = round(low)
      return
    }
    scale = step
    zero = place
    minimum = round(-step * place)
  }

  public func code(_ x: Float) -> UInt8 {
    guard scale > 0 else { return 0 }
    let level = x / scale
    // NaN falls through to 0. Adding 1.5 * 2^23 leaves round half even in the low bits, where a call would be slow.
    let clamped = level > -zero ? min(levels - zero, level) : -zero
    let bits = (clamped + 12_582_912).bitPattern &- Float(12_582_912).bitPattern
    return UInt8(truncatingIfNeeded: Int32(bitPattern: bits) &+ Int32(zero))
  }

  public func restored(_ code: UInt8) -> Float { Float(code) * scale + minimum }

  var stored: StoredScale { StoredScale(scale: Half.bits(scale), minimum: Half.bits(minimum)) }
}
