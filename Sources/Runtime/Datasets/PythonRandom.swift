/// CPython's `random.Random`, bit for bit: the Mersenne Twister MT19937 and the functions built on it.
///
/// Source: Matsumoto and Nishimura 1998; CPython `Modules/_randommodule.c`, `Lib/random.py`.
public struct PythonRandom: Sendable {
  private static let stateWords = 624
  private static let shiftWords = 397
  private var state: [UInt32]  // [624]
  private var index: Int

  /// `random.seed(seed)` for a non-negative int below 2^64.
  public init(seed: UInt64) {
    // CPython splits the seed into 32-bit words, lowest first, without leading zero words (0 is one word).
    let high = UInt32(truncatingIfNeeded: seed >> 32)
    let low = UInt32(truncatingIfNeeded: seed)
    self.init(key: high == 0 ? [low] : [low, high])
  }

  /// `init_by_array`.
  private init(key: [UInt32]) {
    var state = [UInt32](repeating: 0, count: Self.stateWords)
    state[0] = 19_650_218
    for i in 1..<Self.stateWords {
      state[i] = 1_812_433_253 &* (state[i - 1] ^ (state[i - 1] >> 30)) &+ UInt32(i)
    }
    var i = 1
    var j = 0
    for _ in 0..<max(Self.stateWords, key.count) {
      state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) &* 1_664_525)) &+ key[j] &+ UInt32(j)
      i += 1
      j += 1
      if i >= Self.stateWords {
        state[0] = state[Self.stateWords - 1]
        i = 1
      }
      if j >= key.count { j = 0 }
    }
    for _ in 0..<(Self.stateWords - 1) {
      state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) &* 1_566_083_941)) &- UInt32(i)
      i += 1
      if i >= Self.stateWords {
        state[0] = state[Self.stateWords - 1]
        i = 1
      }
    }
    state[0] = 0x8000_0000
    self.state = state
    index = Self.stateWords
  }

  /// The next 32-bit output, `getrandbits(32)`.
  public mutating func nextWord() -> UInt32 {
    if index >= Self.stateWords { regenerate() }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  private mutating func regenerate() {
    for k in 0..<Self.stateWords {
      let y = (state[k] & 0x8000_0000) | (state[(k + 1) % Self.stateWords] & 0x7fff_ffff)
      let twist: UInt32 = y & 1 == 0 ? 0 : 0x9908_b0df
      state[k] = state[(k + Self.shiftWords) % Self.stateWords] ^ (y >> 1) ^ twist
    }
    index = 0
  }

  /// `random()`: a multiple of 2^-53 in [0, 1).
  public mutating func nextUnit() -> Double {
    let high = Double(nextWord() >> 5)
    let low = Double(nextWord() >> 6)
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// `_randbelow(bound)`: uniform in 0..<bound by rejection; 0 for a bound of 0 or less.
  public mutating func below(_ bound: Int) -> Int {
    guard bound > 0 else { return 0 }
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let draw = nextBits(bits)
      if draw < UInt64(bound) { return Int(draw) }
    }
  }

  /// `getrandbits(count)` for 1...64: whole words lowest first, the last one cut to its top bits.
  private mutating func nextBits(_ count: Int) -> UInt64 {
    if count <= 32 { return UInt64(nextWord() >> UInt32(32 - count)) }
    let low = UInt64(nextWord())
    return low | UInt64(nextWord() >> UInt32(64 - count)) << 32
  }

  /// `shuffle(list)` in place.
  public mutating func shuffle<Element>(_ list: inout [Element]) {
    guard list.count > 1 else { return }
    for i in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(i, below(i + 1))
    }
  }

  /// `choice(range(count))`; nil for an empty range.
  public mutating func choice(count: Int) -> Int? {
    count > 0 ? below(count) : nil
  }

  /// `choices(range(count), k=draws)`: with replacement, by `floor(random() * count)`.
  public mutating func choices(count: Int, draws: Int) -> [Int] {
    guard count > 0 else { return [] }
    return (0..<max(0, draws)).map { _ in Int(nextUnit() * Double(count)) }
  }
}
