import Foundation

/// Random numbers that are a function of (seed, sample, step, token) and of nothing else.
///
/// Configurations that run the same sample see the same noise at the same step, so what differs between them is the
/// method's doing; neither batch nor threads nor order can change it.
struct Noise {
  private let key: UInt64

  init(seed: UInt64, sample: String, step: Int) {
    var key = Noise.mix(seed &+ 0x9e37_79b9_7f4a_7c15)
    for byte in sample.utf8 { key = Noise.mix(key ^ UInt64(byte)) }
    self.key = Noise.mix(key ^ UInt64(truncatingIfNeeded: step) &* 0xd1b5_4a32_d192_ed03)
  }

  /// SplitMix64's finaliser.
  @inline(__always) private static func mix(_ x: UInt64) -> UInt64 {
    var z = x
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  @inline(__always) func bits(token: Int) -> UInt64 {
    Noise.mix(key &+ UInt64(truncatingIfNeeded: token) &* 0x9e37_79b9_7f4a_7c15)
  }

  /// Uniform in the open interval (0, 1), 52 bits.
  @inline(__always) static func uniform(_ bits: UInt64) -> Double { (Double(bits >> 12) + 0.5) * 0x1p-52 }

  /// Gumbel noise: -log(-log u). The token with the largest logit / temperature + noise is a sample of the softmax.
  @inline(__always) static func gumbel(_ bits: UInt64) -> Double { -log(-log(uniform(bits))) }
}
