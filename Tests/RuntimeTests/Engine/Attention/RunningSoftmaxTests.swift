import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The sheet's worked example: scores 1 3 2 0, values 1 2 3 4.
struct RunningSoftmaxTests {
  /// State of one row whose values are single numbers, after tiles of scores.
  private func state(_ tiles: [(scores: [Float], values: [Float])]) throws -> (m: Float, l: Float, a: Float, out: Float)
  {
    let state = AlignedBuffer<Float>(count: 4)
    let softmax = RunningSoftmax(
      kernels: try InstructionSet.chosen().table, maxima: state.base, totals: state.base + 1, sums: state.base + 2,
      headDim: 1)
    softmax.start(rows: 1)
    for (scores, values) in tiles {
      var line = scores
      #expect(softmax.absorb(&line, line.count, row: 0))
      for (weight, value) in zip(line, values) { softmax.sums[0] += weight * value }
    }
    softmax.finish(row: 0, into: state.base + 3)
    return (state.base[0], state.base[1], state.base[2], state.base[3])
  }

  @Test("tiles of two give the sheet's maxima, sums, accumulators, output and log-sum-exp")
  func worked() throws {
    let first = try state([([1, 3], [1, 2])])
    #expect(first.m == 3 && abs(first.l - 1.135_335) < 1e-6 && abs(first.a - 2.135_335) < 1e-6)
    let second = try state([([1, 3], [1, 2]), ([2, 0], [3, 4])])
    #expect(second.m == 3 && abs(second.l - 1.553_002) < 1e-6 && abs(second.a - 3.438_122) < 1e-6)
    #expect(abs(second.out - 2.213_855_71) < 1e-6)
    #expect(abs(second.m + log(second.l) - 3.440_189_70) < 1e-6)
    let other = try state([([2, 0], [3, 4])])
    #expect(other.m == 2 && abs(other.l - 1.135_335) < 1e-6 && abs(other.a - 3.541_341) < 1e-6)
  }

  @Test("the softmax of the sheet's scores is the sheet's")
  func weights() throws {
    var line: [Float] = [1, 3, 2, 0]
    let kernels = try InstructionSet.chosen().table
    let total = kernels.exponentiate(&line, 4, 3)
    for (weight, expected) in zip(line, [0.087_144_32, 0.643_914_26, 0.236_882_82, 0.032_058_60] as [Float]) {
      #expect(abs(weight / total - expected) < 1e-7)
    }
  }

  @Test("a row to which everything is hidden is 0, and a hidden tile changes nothing")
  func hidden() throws {
    let mask = [WindowMask.hiddenScore, WindowMask.hiddenScore]
    #expect(try state([(mask, [1, 2])]).out == 0)
    let plain = try state([([1, 3], [1, 2])])
    let between = try state([(mask, [5, 6]), ([1, 3], [1, 2]), (mask, [7, 8])])
    #expect(plain == between)
  }

  @Test("a score that is not finite is told")
  func notFinite() throws {
    let state = AlignedBuffer<Float>(count: 3)
    let softmax = RunningSoftmax(
      kernels: try InstructionSet.chosen().table, maxima: state.base, totals: state.base + 1, sums: state.base + 2,
      headDim: 1)
    for score in [Float.nan, .infinity, -.infinity] {
      softmax.start(rows: 1)
      var line = [score]
      #expect(!softmax.absorb(&line, 1, row: 0), "\(score)")
    }
  }
}
