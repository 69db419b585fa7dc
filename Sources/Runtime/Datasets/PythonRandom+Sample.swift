extension PythonRandom {
  /// The generator of one sample of a generated data set: another one for every pair of seed and number.
  ///
  /// Mixed by SplitMix64's output function (Steele, Lea and Flood, OOPSLA 2014), which is one to one: unmixed, Python's
  /// seeding takes the two words 2, 1 for the one word 2.
  init(seed: Int, sample: Int) {
    let pair = UInt64(truncatingIfNeeded: seed) << 32 | UInt64(UInt32(truncatingIfNeeded: sample))
    var z = pair &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    self.init(seed: z ^ z >> 31)
  }
}
