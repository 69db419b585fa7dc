import Foundation

/// Chooses tokens from logits by the Gumbel-max rule over counter-based noise.
enum Sampler {
  /// - Parameters:
  ///   - logits: [vocabulary]
  ///   - sample: the request's name, part of the noise's key
  ///   - step: 0 for the first token after the prompt
  static func choose(
    _ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling, sample: String, step: Int
  ) -> Int32 {
    guard sampling.temperature > 0 else { return Int32(truncatingIfNeeded: likeliest(logits)) }
    let noise = Noise(seed: sampling.seed, sample: sample, step: step)
    if sampling.topK > 0 || sampling.topP < 1 {
      return Int32(truncatingIfNeeded: chooseAmong(candidates(logits, sampling), logits, sampling, noise))
    }
    return Int32(truncatingIfNeeded: chooseAmongAll(logits, sampling, noise))
  }

  /// The largest logit; of equal ones the first.
  static func likeliest(_ logits: UnsafeBufferPointer<Float>) -> Int {
    var best = 0
    for token in 1..<max(1, logits.count) where logits[token] > logits[best] { best = token }
    return best
  }

  /// Noise above `x` needs u > exp(-exp(-x)), and 1 - exp(-exp(-x)) <= exp(-x): most tokens are ruled out by the
  /// leading one bits of u, without a logarithm. The result is that of trying every token.
  private static func chooseAmongAll(
    _ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling, _ noise: Noise
  ) -> Int {
    let inverse = 1 / sampling.temperature
    var best = likeliest(logits)
    var value = Double(logits[best]) * inverse + Noise.gumbel(noise.bits(token: best))
    for token in 0..<logits.count {
      let own = Double(logits[token]) * inverse
      let needed = value - own
      if needed > 37 { continue }
      let bits = noise.bits(token: token)
      if needed > 1, Double((~bits).leadingZeroBitCount) < needed * 1.442_695 - 1 { continue }
      let total = own + Noise.gumbel(bits)
      if total > value || (total == value && token < best) {
        value = total
        best = token
      }
    }
    return best
  }

  private static func chooseAmong(
    _ candidates: [Int], _ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling, _ noise: Noise
  ) -> Int {
    let inverse = 1 / sampling.temperature
    var best = candidates.first ?? 0
    var value = -Double.infinity
    for token in candidates {
      let total = Double(logits[token]) * inverse + Noise.gumbel(noise.bits(token: token))
      if total > value {
        value = total
        best = token
      }
    }
    return best
  }

  /// Tokens left by top-k and then top-p, likeliest first; equal ones in order of their ids.
  private static func candidates(_ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling) -> [Int] {
    let maximum = Double(logits[likeliest(logits)])
    let inverse = 1 / sampling.temperature
    var ranked = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
    if sampling.topK > 0 { ranked = Array(ranked.prefix(sampling.topK)) }
    guard sampling.topP < 1 else { return ranked }
    let weights = ranked.map { exp((Double(logits[$0]) - maximum) * inverse) }
    let total = weights.reduce(0, +)
    var sum = 0.0
    var count = 0
    for weight in weights {
      sum += weight
      count += 1
      if sum >= sampling.topP * total { break }
    }
    return Array(ranked.prefix(max(1, count)))
  }
}
