import KernelABI
import Testing

@testable import Runtime

/// The kernels over codes in lanes against their plain twins, in every set this processor runs.
struct LaneKernelTests {
  static let widths = [2, 3, 4, 5, 8]

  @Test("codes of every width go to places of their own and come back", arguments: widths)
  func places(_ bits: Int) {
    var taken: Set<Int> = []
    for lane in 0..<16 {
      for index in 0..<32 {
        let place = LaneCodes.place(index: index, lane: lane, bits: bits)
        let low = LaneCodes.lowBits(bits)
        for bit in 0..<low { taken.insert(place.low.word * 32 + place.low.shift + bit) }
        if low != bits { taken.insert(place.last.word * 32 + place.last.shift) }
      }
    }
    // Every bit of the unit, and each once.
    #expect(taken == Set(0..<LaneCodes.unitWords(bits) * 32))
    var draw = SeededNumbers(bits)
    var unit = [UInt32](repeating: 0x5a5a_5a5a, count: LaneCodes.unitWords(bits))
    var codes = [UInt8](repeating: 0, count: 512)
    for _ in 0..<2000 {
      let place = draw.int(0...511)
      codes[place] = UInt8(draw.int(0...(1 << bits) - 1))
      LaneCodePacking.write(codes[place], index: place / 16, lane: place % 16, bits: bits, &unit)
    }
    for place in 0..<512 where codes[place] != 0 {
      #expect(LaneCodePacking.read(index: place / 16, lane: place % 16, bits: bits, unit) == codes[place])
    }
  }

  /// The orthonormal matrix by its definition: H_2n = [[H, H], [H, -H]] / sqrt 2.
  static func hadamard(_ x: ArraySlice<Float>) -> [Double] {
    let x = x.map(Double.init)
    return x.indices.map { row in
      x.indices.reduce(0.0) { $0 + ((row & $1).nonzeroBitCount % 2 == 0 ? x[$1] : -x[$1]) }
        / Double(x.count).squareRoot()
    }
  }

  @Test("the Hadamard transform is its matrix, and the same bits in every set", arguments: InstructionSet.available)
  func hadamard(_ set: InstructionSet) {
    for trial in 0..<24 {
      var draw = SeededNumbers(trial)
      let block = 16 << draw.int(0...4)
      let count = block * draw.int(1...3)
      let x = draw.numbers(count)
      let found = KernelTrial.guarded(count, x) { set.table.lanes.hadamard($0, count, block) }
      for first in stride(from: 0, to: count, by: block) {
        let twin = Self.hadamard(x[first..<first + block])
        for (i, number) in twin.enumerated() { #expect(abs(Double(found[first + i]) - number) < 2e-5) }
      }
      let base = KernelTrial.guarded(count, x) { InstructionSet.base.table.lanes.hadamard($0, count, block) }
      #expect(found.map(\.bitPattern) == base.map(\.bitPattern))
      // Its own inverse.
      let back = KernelTrial.guarded(count, found) { set.table.lanes.hadamard($0, count, block) }
      #expect(zip(back, x).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test("scores and sums are those of double precision, for every width", arguments: InstructionSet.available, widths)
  func attention(_ set: InstructionSet, _ bits: Int) {
    for trial in 0..<8 {
      var draw = SeededNumbers(trial &* 7 &+ bits)
      let headDim = 32 * draw.int(1...4)
      let group = headDim % 64 == 0 ? 32 * draw.int(1...2) : 32
      let lanes = LaneTrial(tokens: draw.int(1...700), headDim: headDim, bits: bits, group: group, &draw)
      let numbers = lanes.numbers
      let largest = numbers.reduce(0) { max($0, abs($1)) }
      let blocks = (lanes.tokens + 15) / 16
      for rows in [1, 2, 3, 4, 9] {
        let first = draw.int(0...blocks - 1)
        let queries = draw.numbers(rows * headDim)
        let found = lanes.scores(set.table, queries, first..<blocks)
        let twin = ScalarTwins.keyScores(numbers, queries, headDim: headDim)
        for row in 0..<rows {
          let size = queries[row * headDim..<(row + 1) * headDim].reduce(0) { $0 + Double(abs($1)) } * largest
          for token in first * 16..<lanes.tokens {
            let score = Double(found[row * (blocks - first) * 16 + token - first * 16])
            #expect(abs(score - twin[row * lanes.tokens + token]) <= 2e-6 * size)
          }
        }
        let range = draw.int(0...lanes.tokens - 1) / 32 * 32..<lanes.tokens
        let weights = (0..<rows * range.count).map { _ in Float.random(in: 0...1, using: &draw) }
        let acc = draw.numbers(rows * headDim)
        let sums = lanes.sums(set.table, weights, range, acc)
        let sumTwin = ScalarTwins.accumulate(
          Array(numbers[range.lowerBound * headDim..<range.upperBound * headDim]), weights.map(Double.init), rows: rows,
          headDim: headDim, acc)
        for place in sums.indices {
          #expect(abs(Double(sums[place]) - sumTwin[place]) <= 2e-6 * (largest * Double(range.count) + 10))
        }
      }
    }
  }

  @Test("a row's scores and sums have the same bits alone as in a batch", arguments: InstructionSet.available, widths)
  func rows(_ set: InstructionSet, _ bits: Int) {
    var draw = SeededNumbers(bits)
    let lanes = LaneTrial(tokens: 77, headDim: 64, bits: bits, group: 32, &draw)
    for rows in 1...9 {
      let queries = draw.numbers(rows * 64)
      RowIndependenceTests.check(rows, lanes.scores(set.table, queries, 1..<5)) {
        lanes.scores(set.table, RowIndependenceTests.row(queries, $0, of: rows), 1..<5)
      }
      let weights = draw.numbers(rows * 45)
      let acc = draw.numbers(rows * 64)
      RowIndependenceTests.check(rows, lanes.sums(set.table, weights, 32..<77, acc)) {
        lanes.sums(
          set.table, RowIndependenceTests.row(weights, $0, of: rows), 32..<77,
          RowIndependenceTests.row(acc, $0, of: rows))
      }
    }
  }
}
