/// Which of GEAR's power iterations this is: each has random numbers of its own, whatever ran before it.
struct GearStream {
  let layer: Int
  let side: UniformCodes.Side
  let head: Int
  /// Tokens that end where this compression does.
  let token: Int

  var number: UInt64 {
    let heads = UInt64(truncatingIfNeeded: layer) << 16 | UInt64(truncatingIfNeeded: head)
    return heads << 32 | UInt64(truncatingIfNeeded: token) << 1 | (side == .keys ? 0 : 1)
  }
}
