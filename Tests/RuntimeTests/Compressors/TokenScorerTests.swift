import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The worked numbers of the sheets' Checks, scorer by scorer.
struct TokenScorerTests {
  /// Slots of the best scores, ties to the earlier one, as `ScoredTokens` ranks them.
  static func best(_ scores: [Float], _ count: Int) -> [Int] {
    scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }.prefix(count).sorted()
  }

  // Sheet snapkv, check 1.
  @Test(
    "pooled votes choose the neighbours that the paper's pooling chooses",
    arguments: [
      (1, WindowVotes.Pooling.none, [Float(0.15), 0.70, 0.10, 0.15, 0.50], [1, 4]),
      (3, .max, [0.7, 0.7, 0.7, 0.5, 0.5], [0, 1]),
      (3, .avg, [0.2833, 0.3167, 0.3167, 0.25, 0.2167], [1, 2]),
    ])
  func pooling(_ kernel: Int, _ pooling: WindowVotes.Pooling, _ expected: [Float], _ kept: [Int]) {
    let votes = WindowVotes(window: 2, kernel: kernel, pooling: pooling, gqa: .mean)
    let pooled = votes.pooled([0.15, 0.70, 0.10, 0.15, 0.50])
    for (found, wanted) in zip(pooled, expected) { #expect(abs(found - wanted) < 1e-4) }
    // 1.05 thirds on both sides of the middle: equal but for rounding, which is not what this is about.
    if pooling != .avg { #expect(Self.best(pooled, 2) == kept) }
  }

  // Sheet snapkv, check 4.
  @Test("a kernel of one pools nothing, whatever the pooling")
  func kernelOfOne() {
    let votes: [Float] = [0.3, 0.1, 0.4]
    for pooling in WindowVotes.Pooling.allCases {
      #expect(WindowVotes(window: 1, kernel: 1, pooling: pooling, gqa: .mean).pooled(votes) == votes)
    }
  }

  // Sheet knorm, checks 1 and 5: keys (3,4), (1,0), (0,2), (.6,.8).
  @Test("norms are those of the keys, and the smallest stay")
  func norms() {
    let norms = RowNorms.norms([3, 4, 1, 0, 0, 2, 0.6, 0.8], width: 2)
    for (found, wanted) in zip(norms, [5, 1, 2, 1] as [Float]) { #expect(abs(found - wanted) < 1e-6) }
    #expect(Self.best(norms.map { -($0 * 1e4).rounded() }, 2) == [1, 3])
    #expect(Self.best(norms.map { -($0 * 1e4).rounded() }, 3) == [1, 2, 3])
    #expect(Self.best(norms, 2) == [0, 2])
  }

  // Sheet keydiff, checks 1 to 3.
  @Test("keys most like the mean direction leave first, whatever their length")
  func distinctness() {
    let twins = KeyDistinctness.scores([1, 0, 1, 0, 0, 1], width: 2)
    for (found, wanted) in zip(twins, [-0.8944, -0.8944, -0.4472] as [Float]) { #expect(abs(found - wanted) < 1e-4) }
    #expect(Self.best(twins, 1) == [2])
    #expect(Self.best(twins, 2) == [0, 2])
    let mixed = KeyDistinctness.scores([2, 0, 1, 1, 0, 3, 1, 0], width: 2)
    for (found, wanted) in zip(mixed, [-0.84586, -0.97529, -0.53340, -0.84586] as [Float]) {
      #expect(abs(found - wanted) < 1e-4)
    }
    let scaled = KeyDistinctness.scores([20, 0, 1, 1, 0, 0.3, 7, 0], width: 2)
    for (found, wanted) in zip(scaled, mixed) { #expect(abs(found - wanted) < 1e-6) }
    #expect(KeyDistinctness.scores([0, 0, 1, 0], width: 2).allSatisfy { $0.isFinite })
  }

  // Sheet expectedattention, check 1.
  @Test(
    "expected attention of three keys is the sheet's",
    arguments: [
      (nil, [Float(1.41421), 0, -1.41421], [Float(0.76792), 0.18669, 0.04539]),
      ([1, 0, 0, 1], [2.41421, 0, -0.41421], [0.87067, 0.07787, 0.05146]),
    ] as [([Double]?, [Float], [Float])])
  func expected(_ covariance: [Double]?, _ exponents: [Float], _ weights: [Float]) {
    let kernels = InstructionSet.base.table
    var found = ExpectedAttentionScore.exponents(
      [2, 0, 0, 0, -2, 0], width: 2, mean: [1, 0], covariance: covariance, kernels)
    for (x, y) in zip(found, exponents) { #expect(abs(x - y) < 1e-4) }
    let total = kernels.exponentiate(&found, 3, found.max() ?? 0)
    for (x, y) in zip(found, weights) { #expect(abs(x / total - y) < 1e-4) }
  }

  // Sheet expectedattention, check 2.
  @Test("a mean of rotations shortens, one rotation does not")
  func meanTurn() {
    func turn(_ positions: Range<Int>) -> MeanTurn {
      let angles = positions.map(Double.init)
      return MeanTurn(
        cosines: [angles.map { cos($0) }.reduce(0, +) / Double(angles.count)],
        sines: [angles.map { sin($0) }.reduce(0, +) / Double(angles.count)], pairs: .adjacent)
    }
    let four = turn(10..<14)
    #expect(abs(four.cosines[0] - 0.22916) < 1e-5 && abs(four.sines[0] + 0.41510) < 1e-5)
    let one = turn(17..<18).turned([3, 4])
    #expect(abs(hypot(one[0], one[1]) - 5) < 1e-12)
    let many = four.turned([3, 4])
    #expect(hypot(many[0], many[1]) < 5)
    // R M R' of the identity is the product of the turn with its transpose.
    let square = four.turned(square: [1, 0, 0, 1], width: 2)
    let scale = four.cosines[0] * four.cosines[0] + four.sines[0] * four.sines[0]
    #expect(abs(square[0] - scale) < 1e-12 && abs(square[1]) < 1e-12)
  }

  @Test("moments of queries do not depend on how the prompt is cut, and leave sinks out")
  func moments() {
    var numbers = SeededNumbers(4)
    let (tokens, heads, width) = (37, 2, 4)
    let rows = (0..<tokens * heads * width).map { _ in Float.random(in: -1...1, using: &numbers) }
    func moments(_ cuts: [Int]) -> QueryMoments {
      var moments = QueryMoments(.init(sink: 5, covariance: true), queryHeads: heads, headDim: width)
      var start = 0
      for cut in cuts {
        rows.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            moments.append(base + start * heads * width, stride: heads * width, tokens: cut - start)
          }
        }
        start = cut
      }
      return moments
    }
    let whole = moments([tokens])
    let cut = moments([3, 4, 16, 17, tokens])
    #expect(whole.count == 32 && cut.count == 32)
    for head in 0..<heads {
      #expect(whole.mean(head) == cut.mean(head))
      #expect(whole.covariance(head) == cut.covariance(head))
      let mean = (0..<width).map { channel in
        (5..<tokens).reduce(0.0) { $0 + Double(rows[($1 * heads + head) * width + channel]) } / 32
      }
      for (x, y) in zip(whole.mean(head), mean) { #expect(abs(x - y) < 1e-12) }
      let first = (5..<tokens).reduce(0.0) { sum, token in
        let x = Double(rows[(token * heads + head) * width]) - mean[0]
        let y = Double(rows[(token * heads + head) * width + 1]) - mean[1]
        return sum + x * y
      }
      #expect(abs((whole.covariance(head)?[1] ?? .nan) - first / 32) < 1e-12)
    }
  }

  @Test("a window of queries is the prompt's last ones in order, however it was cut")
  func window() {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 1)
    let rows = (0..<11).map(Float.init)
    for cuts in [[11], [1, 11], [6, 7, 8, 11], Array(1...11)] {
      var window = PromptWindow(capacity: 4, width: 1)
      var start = 0
      for cut in cuts {
        rows.withUnsafeBufferPointer {
          if let base = $0.baseAddress { window.append(base + start, stride: 1, tokens: cut - start) }
        }
        start = cut
      }
      #expect(window.count == 4)
      #expect(window.queries(head: 0, shape: shape) == [7, 8, 9, 10])
    }
    var short = PromptWindow(capacity: 4, width: 1)
    rows.withUnsafeBufferPointer { if let base = $0.baseAddress { short.append(base, stride: 1, tokens: 2) } }
    #expect(short.queries(head: 0, shape: shape) == [0, 1])
  }

  @Test("a group's rows become one by mean, maximum or sum")
  func groupRules() {
    let rows: [Float] = [1, 5, 3, 4]
    #expect(GroupRule.mean.reduce(rows, group: 2) == [2, 4.5])
    #expect(GroupRule.max.reduce(rows, group: 2) == [3, 5])
    #expect(GroupRule.sum.reduce(rows, group: 2) == [4, 9])
    #expect(GroupRule.mean.reduce([7, 8], group: 1) == [7, 8])
  }
}
