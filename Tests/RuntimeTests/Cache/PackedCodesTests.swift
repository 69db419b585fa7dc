import KernelABI
import Testing

@testable import Runtime

/// What is packed is what `GroupQuantiser` says of each number by itself.
struct PackedCodesTests {
  @Test("sixteen codes at once are the codes of each number", arguments: [2, 4, 8])
  func lanes(_ bits: Int) {
    var draw = SeededNumbers(bits)
    let rare: [Float] = [.nan, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    for round in 0..<100 {
      let (low, high) = (draw.numbers(1)[0] - 1, draw.numbers(1)[0] + 1)
      let quantiser = GroupQuantiser(bits: bits, minimum: low, maximum: round % 10 == 0 ? low : high).roundedToHalf()
      var x = SIMD16<Float>()
      let numbers = draw.numbers(16)
      for lane in 0..<16 {
        let tie = quantiser.minimum + (Float(lane) + 0.5) * quantiser.scale
        x[lane] = round % 3 == 0 ? tie : lane < rare.count && round % 3 == 1 ? rare[lane] : numbers[lane] * 2
      }
      let codes = quantiser.codes(x)
      for lane in 0..<16 { #expect(codes[lane] == UInt32(quantiser.code(x[lane])), "\(x[lane]) by \(quantiser)") }
    }
  }

  @Test(
    "keys are packed by the extremes of their channel in the group", arguments: [2, 4, 8],
    [(32, 64), (64, 48), (32, 16), (128, 128)])
  func keys(_ bits: Int, _ row: (group: Int, headDim: Int)) {
    var draw = SeededNumbers(bits)
    let packed = PackedKeys(headDim: row.headDim, bits: bits, group: row.group)
    var rows: [[Float]] = []
    for groups in [1, 3, 2] {
      let tokens = groups * row.group
      var numbers = draw.numbers(tokens * row.headDim)
      // A channel that is constant in a group.
      for token in 0..<row.group { numbers[token * row.headDim + 5] = 0.25 }
      packed.append(numbers, tokens: tokens)
      rows += (0..<tokens).map { Array(numbers[$0 * row.headDim..<($0 + 1) * row.headDim]) }
    }
    #expect(packed.count == rows.count)
    for first in stride(from: 0, to: rows.count, by: row.group) {
      for channel in 0..<row.headDim {
        let column = rows[first..<first + row.group].map { $0[channel] }
        let quantiser = GroupQuantiser(bits: bits, minimum: column.min() ?? 0, maximum: column.max() ?? 0)
          .roundedToHalf()
        for (index, x) in column.enumerated() {
          #expect(packed.restored(first + index, channel) == quantiser.restored(quantiser.code(x)))
        }
      }
    }
  }

  @Test(
    "values are packed by the extremes of their token in the group, one by one or together", arguments: [2, 4, 8],
    [(32, 64), (64, 64), (32, 96), (16, 16)])
  func values(_ bits: Int, _ row: (group: Int, headDim: Int)) {
    var draw = SeededNumbers(bits)
    let packed = PackedValues(headDim: row.headDim, bits: bits, group: row.group)
    var all: [Float] = []
    for tokens in [1, 1, 30, 7, 1, 64] {
      let numbers = draw.numbers(tokens * row.headDim)
      packed.append(numbers, tokens: tokens)
      all += numbers
    }
    #expect(packed.count * row.headDim == all.count)
    for first in stride(from: 0, to: all.count, by: row.group) {
      let group = all[first..<first + row.group]
      let quantiser = GroupQuantiser(bits: bits, minimum: group.min() ?? 0, maximum: group.max() ?? 0).roundedToHalf()
      for index in group.indices {
        let restored = packed.restored(index / row.headDim, index % row.headDim)
        #expect(restored == quantiser.restored(quantiser.code(all[index])))
      }
    }
  }
}
