/// Tokens to measure with: as good as random, the same in every run, different in every sequence.
///
/// No cost of the model depends on what a token says, and random ids keep any one row of the embedding from staying in
/// the processor's cache.
enum MeasuredText {
  static func tokens(_ count: Int, sequence: Int, vocabulary: Int) -> [Int32] {
    (0..<count).map { index in
      Int32(truncatingIfNeeded: mixed(UInt64(sequence) << 32 | UInt64(index)) % UInt64(max(1, vocabulary)))
    }
  }

  /// SplitMix64's output function (Steele, Lea and Flood, OOPSLA 2014).
  private static func mixed(_ number: UInt64) -> UInt64 {
    var z = number &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
