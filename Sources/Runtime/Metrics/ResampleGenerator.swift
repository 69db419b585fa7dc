/// Philox4x32-10, a counter-based generator: the numbers of a resample depend on (seed, resample) alone.
///
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Any resample can be drawn without
/// those before it, so intervals do not depend on order or threads.
struct ResampleGenerator {
  private let key: (UInt32, UInt32)
  private let stream: UInt64
  private var block: UInt64 = 0
  private var words: SIMD4<UInt32> = .zero
  private var used = 4

  init(seed: UInt64, resample: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    stream = resample
  }

  /// A whole number in `0..<count`, unbiased (Lemire's multiply and reject); `count >= 1`.
  mutating func index(below count: UInt64) -> Int {
    while true {
      let (high, low) = next64().multipliedFullWidth(by: count)
      if low >= (0 &- count) % count { return Int(truncatingIfNeeded: high) }
    }
  }

  private mutating func next64() -> UInt64 {
    if used > 2 {
      words = Self.block(
        counter: SIMD4(
          UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
          UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)),
        key: key)
      block &+= 1
      used = 0
    }
    defer { used += 2 }
    return UInt64(words[used]) | UInt64(words[used + 1]) << 32
  }

  /// The four words of one counter.
  static func block(counter: SIMD4<UInt32>, key: (UInt32, UInt32)) -> SIMD4<UInt32> {
    var state = counter
    var (key0, key1) = key
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) &* UInt64(state[0])
      let second = UInt64(0xCD9E_8D57) &* UInt64(state[2])
      state = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ state[1] ^ key0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ state[3] ^ key1, UInt32(truncatingIfNeeded: first))
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return state
  }
}
