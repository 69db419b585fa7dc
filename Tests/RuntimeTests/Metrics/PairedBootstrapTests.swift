import Testing

@testable import Runtime

@Suite("Paired bootstrap")
struct PairedBootstrapTests {
  @Test("the generator gives the published Philox4x32-10 numbers")
  func philox() {
    // Random123, kat_vectors: philox4x32 10
    let zero = ResampleGenerator.block(counter: .zero, key: (0, 0))
    #expect(zero == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = ResampleGenerator.block(counter: SIMD4(repeating: .max), key: (.max, .max))
    #expect(ones == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = ResampleGenerator.block(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test("numbers within a resample are those of xoshiro256++")
  func xoshiro() {
    // The reference code of Blackman and Vigna from the state 1, 2, 3, 4.
    var generator = ResampleGenerator(state: (1, 2, 3, 4))
    let expected: [UInt64] = [
      41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205,
      9_973_669_472_204_895_162,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  @Test("drawn indices are even over their range", arguments: [1, 2, 3, 7, 10])
  func even(count: UInt32) {
    var generator = ResampleGenerator(seed: 5, resample: 11)
    var counts = [Int](repeating: 0, count: Int(count))
    let draws = 10_000 / Int(count)
    for _ in 0..<draws { generator.drawIndices(below: count) { counts[$0] += 1 } }
    // Five standard deviations of a binomial count.
    for count in counts { #expect(abs(Double(count - draws)) <= 5 * Double(draws).squareRoot()) }
    generator.drawIndices(below: 0) { _ in Issue.record("there is nothing to draw") }
  }

  @Test("the same seed gives the same interval, another seed another")
  func seeds() throws {
    let first = (0..<60).map { Double(($0 * 37) % 61) }
    let second = (0..<60).map { Double(($0 * 17) % 61) * 0.8 }
    let one = try PairedBootstrap(seed: 1).meanDifference(first, second)
    #expect(try PairedBootstrap(seed: 1).meanDifference(first, second) == one)
    #expect(try PairedBootstrap(seed: 2).meanDifference(first, second) != one)
  }

  @Test("the interval is near the normal one for a mean")
  func width() throws {
    let values = (0..<400).map { Double(($0 * 7919) % 401) / 400 }
    let zeros = [Double](repeating: 0, count: values.count)
    let drawn = try PairedBootstrap(resamples: 4000, seed: 3).meanDifference(values, zeros)
    let student = try IntervalEstimate.mean(of: values)
    #expect(drawn.value == student.value)
    let half = try #require(student.high) - student.value
    #expect(abs(try #require(drawn.low) - (student.value - half)) < 0.1 * half)
    #expect(abs(try #require(drawn.high) - (student.value + half)) < 0.1 * half)
  }

  @Test("what pairs have in common cancels")
  func pairing() throws {
    let common = (0..<50).map { Double(($0 * 613) % 997) }
    let drawn = try PairedBootstrap().meanDifference(common.map { $0 + 1 }, common)
    #expect(drawn.low == 1)
    #expect(drawn.high == 1)
  }

  @Test("lists that do not pair, NaN, no values and mad options are errors")
  func hostile() {
    let bootstrap = PairedBootstrap()
    #expect(metricProblemCode { try bootstrap.meanDifference([1, 2], [1]) } == "K627")
    #expect(metricProblemCode { try bootstrap.meanDifference([], []) } == "K620")
    #expect(metricProblemCode { try bootstrap.meanDifference([1, .nan], [1, 2]) } == "K621")
    #expect(metricProblemCode { try bootstrap.meanDifference([1.7e308], [-1.7e308]) } == "K621")
    #expect(metricProblemCode { try bootstrap.sumRatio([1], [0]) } == "K621")
    #expect(metricProblemCode { try PairedBootstrap(resamples: -1).meanDifference([1, 2], [1, 2]) } == "K622")
    #expect(metricProblemCode { try PairedBootstrap(resamples: .max).meanDifference([1, 2], [1, 2]) } == "K622")
    #expect(metricProblemCode { try PairedBootstrap(level: 2).meanDifference([1, 2], [1, 2]) } == "K622")
  }

  @Test("a resample whose ratio has no denominator takes the interval away, not the value")
  func zeroDenominator() throws {
    let ratio = try PairedBootstrap(seed: 4).sumRatio([1, 1], [0, 2])
    #expect(ratio.value == 1)
    #expect(ratio.low == nil)
  }
}
