import Foundation
import Testing

@testable import Runtime

struct SamplerTests {
  private func choose(_ logits: [Float], _ sampling: Sampling, sample: String = "s", step: Int = 0) -> Int {
    logits.withUnsafeBufferPointer { Int(Sampler.choose($0, sampling, sample: sample, step: step)) }
  }

  @Test("greedy takes the largest logit, of equal ones the first")
  func greedy() {
    #expect(choose([0, 3, 1, 3], .greedy) == 1)
    #expect(choose([5, 3, 1, 3], .greedy) == 0)
    #expect(choose([-.infinity, -7, -.infinity], .greedy) == 1)
    #expect(choose([2], .greedy) == 0)
    #expect(choose([0, 0, 0], .greedy, sample: "other", step: 9) == 0)
  }

  /// Chi-square of counts against probabilities.
  private func chiSquare(_ counts: [Int], _ probabilities: [Double]) -> Double {
    let total = Double(counts.reduce(0, +))
    return zip(counts, probabilities).reduce(0) { $0 + pow(Double($1.0) - total * $1.1, 2) / (total * $1.1) }
  }

  @Test("frequencies are those of the softmax", arguments: [0.5, 1, 1.7], [UInt64(1), 77])
  func frequencies(_ temperature: Double, _ seed: UInt64) {
    let logits: [Float] = [1.2, -0.3, 0.4, 2.0, -1.1, 0.9, 1.9, 0]
    var counts = [Int](repeating: 0, count: logits.count)
    for draw in 0..<20_000 {
      counts[
        choose(logits, Sampling(temperature: temperature, seed: seed), sample: "s\(draw % 50)", step: draw / 50)] += 1
    }
    // 7 degrees of freedom: 24.3 is passed once in a thousand; seeds are fixed.
    #expect(chiSquare(counts, softmax(logits.map { Double($0) / temperature })) < 24.3)
  }

  @Test("frequencies are those of the softmax over the tokens that top-k and top-p leave")
  func filteredFrequencies() {
    let logits: [Float] = [1, 0, 2, 0.5, -1, -3]
    let kept = [0, 2, 3]
    var counts = [Int](repeating: 0, count: logits.count)
    for draw in 0..<20_000 { counts[choose(logits, Sampling(temperature: 1, topK: 3, seed: 5), step: draw)] += 1 }
    #expect(counts[1] == 0 && counts[4] == 0 && counts[5] == 0)
    // 2 degrees of freedom: 13.8 is passed once in a thousand.
    #expect(chiSquare(kept.map { counts[$0] }, softmax(kept.map { Double(logits[$0]) })) < 13.8)
  }

  @Test("the pruned choice is that of trying every token", arguments: [0.3, 1, 2.5], [7, 49_152])
  func pruned(_ temperature: Double, _ vocabulary: Int) {
    var numbers = SeededNumbers(vocabulary)
    for trial in 0..<(vocabulary > 1_000 ? 12 : 400) {
      let spread = Float([0.01, 1, 4][trial % 3])
      let logits = (0..<vocabulary).map { _ in numbers.normal() * spread }
      let sampling = Sampling(temperature: temperature, seed: UInt64(trial))
      let noise = Noise(seed: sampling.seed, sample: "x", step: trial)
      var best = 0
      var value = -Double.infinity
      for (token, logit) in logits.enumerated() {
        let total = Double(logit) * (1 / temperature) + Noise.gumbel(noise.bits(token: token))
        if total > value { (best, value) = (token, total) }
      }
      #expect(choose(logits, sampling, sample: "x", step: trial) == best, "trial \(trial)")
    }
  }

  /// Tokens that come up in many draws.
  private func support(_ logits: [Float], _ sampling: Sampling, draws: Int = 3_000) -> Set<Int> {
    Set((0..<draws).map { choose(logits, sampling, step: $0) })
  }

  @Test("top-k leaves the k likeliest, of equal ones the first; top-p the shortest list that reaches p")
  func sets() {
    let logits: [Float] = [0, 1, 1, 0.5, 1, 0.2]
    #expect(support(logits, Sampling(temperature: 1, topK: 2)) == [1, 2])
    #expect(support(logits, Sampling(temperature: 1, topK: 1)) == [1])
    #expect(support(logits, Sampling(temperature: 1, topK: 100)) == [0, 1, 2, 3, 4, 5])
    #expect(support(logits, Sampling(temperature: 1, topK: 0)) == [0, 1, 2, 3, 4, 5])
    // Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625.
    let halves = [1, 3, 2, 4, 4].map { -Float($0) * Float(log(2.0)) }
    #expect(support(halves, Sampling(temperature: 1, topP: 0.49)) == [0])
    #expect(support(halves, Sampling(temperature: 1, topP: 0.6)) == [0, 2])
    #expect(support(halves, Sampling(temperature: 1, topP: 0.8)) == [0, 1, 2])
    #expect(support(halves, Sampling(temperature: 1, topP: 0.9)) == [0, 1, 2, 3])
    #expect(support(halves, Sampling(temperature: 1, topP: 0)) == [0])
    // Top-p counts within what top-k leaves: 2/3 and 1/3.
    #expect(support(halves, Sampling(temperature: 1, topP: 0.6, topK: 2)) == [0])
  }

  @Test("noise depends on seed, sample, step and token, and on nothing else")
  func noise() {
    func bits(seed: UInt64 = 1, sample: String = "a", step: Int = 3, token: Int = 5) -> UInt64 {
      Noise(seed: seed, sample: sample, step: step).bits(token: token)
    }
    #expect(bits() == bits())
    let others = [
      bits(seed: 2), bits(sample: "b"), bits(sample: "aa"), bits(sample: ""), bits(step: 4), bits(token: 6),
    ]
    #expect(Set(others + [bits()]).count == 7)
    for logits in [[Float](repeating: 0, count: 5), [Float](repeating: 0, count: 9)] {
      #expect(logits.indices.allSatisfy { bits(token: $0) == Noise(seed: 1, sample: "a", step: 3).bits(token: $0) })
    }
    #expect(Noise.uniform(0) > 0 && Noise.uniform(.max) < 1)
    #expect(Noise.gumbel(0).isFinite && Noise.gumbel(.max).isFinite)
  }

  @Test("configurations see the same noise at the same step: equal logits choose equal tokens")
  func pairing() {
    var numbers = SeededNumbers(2)
    let logits = (0..<500).map { _ in numbers.normal() }
    // A method that moves one unlikely token's logit leaves nearly all choices as they were.
    var moved = logits
    moved[17] += 0.5
    let sampling = Sampling(temperature: 1, seed: 3)
    let same = (0..<300).count { choose(logits, sampling, step: $0) == choose(moved, sampling, step: $0) }
    #expect(same > 290)
    let reseeded = Sampling(temperature: 1, seed: 4)
    #expect((0..<300).count { choose(logits, sampling, step: $0) == choose(logits, reseeded, step: $0) } < 30)
  }
}
