/// Repeatable numbers for tests: SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x2545_f491_4f6c_dd1d }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// About normal, from four uniform numbers.
  mutating func normal() -> Float {
    var sum: Float = 0
    for _ in 0..<4 { sum += Float.random(in: -1...1, using: &self) }
    return sum * 0.866
  }

  /// Normal numbers with a heavy one now and then, as keys have.
  mutating func numbers(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in normal() * (Int.random(in: 0..<50, using: &self) == 0 ? 6 * scale : scale) }
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
