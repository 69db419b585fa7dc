import Testing

@testable import Runtime

struct RotaryTableTests {
  static func configuration(headDim: Int, pairs: ModelConfiguration.RotaryPairs = .adjacent, context: Int = 600)
    -> ModelConfiguration
  {
    ModelConfiguration(
      layers: 1, hidden: 64, feedForward: 64, queryHeads: 1, kvHeads: 1, headDim: headDim, vocabulary: 1,
      contextTokens: context, normEpsilon: 1e-5, rotaryBase: 10_000, rotaryPairs: pairs)
  }

  private func turned(_ x: [Float], _ table: RotaryTable, by positions: Int) -> [Float] {
    var out = x
    out.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { table.turn(base, by: positions) } }
    return out
  }

  @Test(
    "a turn equals cosine and sine in double precision, within and past the table, forwards and back",
    arguments: [32, 64], [0, 1, -1, 37, 599, -599, 600, 700, -700])
  func turns(headDim: Int, positions: Int) {
    var numbers = SeededNumbers(headDim)
    let x = (0..<headDim).map { _ in numbers.normal() }
    let expected = rotated(x.map(Double.init), by: positions, base: 10_000).map(Float.init)
    let table = RotaryTable(Self.configuration(headDim: headDim))
    #expect(largestDifference(turned(x, table, by: positions), expected) < 2e-4)
  }

  @Test("halves pair channel i with i + headDim / 2")
  func halves() {
    var numbers = SeededNumbers(3)
    let x = (0..<64).map { _ in numbers.normal() }
    var adjacent: [Float] = []
    for pair in 0..<32 { adjacent += [x[pair], x[pair + 32]] }
    let expected = turned(adjacent, RotaryTable(Self.configuration(headDim: 64)), by: 41)
    let found = turned(x, RotaryTable(Self.configuration(headDim: 64, pairs: .halves)), by: 41)
    for index in 0..<32 {
      #expect(found[index] == expected[2 * index])
      #expect(found[index + 32] == expected[2 * index + 1])
    }
  }

  @Test("per-frequency factors divide the angles")
  func factors() {
    let configuration = Self.configuration(headDim: 32)
    let plain = RotaryTable(configuration)
    let slowed = RotaryTable(configuration, factors: [Float](repeating: 4, count: 16))
    var numbers = SeededNumbers(4)
    let x = (0..<32).map { _ in numbers.normal() }
    #expect(largestDifference(turned(x, slowed, by: 400), turned(x, plain, by: 100)) < 1e-4)
  }
}
