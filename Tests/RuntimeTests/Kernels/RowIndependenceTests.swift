import KernelABI
import Testing

@testable import Runtime

/// A row's result does not depend on the batch it is computed in: bit for bit, for every tile height.
@Suite(.serialized)
struct RowIndependenceTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let set: InstructionSet
    let rows: Int
    var testDescription: String { "\(set), \(rows) rows" }
  }

  static let cases = InstructionSet.available.flatMap { set in (1...17).map { Case(set: set, rows: $0) } }

  static func row(_ x: [Float], _ row: Int, of rows: Int) -> [Float] {
    let width = x.count / rows
    return Array(x[row * width..<(row + 1) * width])
  }

  /// Compares each row of the whole with the row computed alone.
  static func check(_ rows: Int, _ whole: [Float], _ alone: (Int) -> [Float]) {
    for row in 0..<rows {
      #expect(Self.row(whole, row, of: rows).map(\.bitPattern) == alone(row).map(\.bitPattern), "row \(row)")
    }
  }

  @Test("matrix products", arguments: cases)
  func products(_ test: Case) {
    let kernels = KernelTrial(test.set)
    var draw = SeededNumbers(test.rows)
    let width = 96
    let x = draw.numbers(test.rows * width)
    for layout in KernelTests.layouts {
      let width = layout.hasHeaders ? 256 : 96
      let x = draw.numbers(test.rows * width)
      let panels = 3
      let (bytes, _) = KernelTests.records(&draw, layout, panels: panels, width: width)
      func product(_ x: [Float]) -> [Float] { kernels.multiplyPacked(x, width: width, bytes, layout, panels: panels) }
      let whole = product(x)
      Self.check(test.rows, whole) { product(Self.row(x, $0, of: test.rows)) }
      for ranges in [[0..<1, 1..<3], [1..<2, 2..<3, 0..<1], [0..<2, 2..<3]] {
        let parts = kernels.multiplyPacked(x, width: width, bytes, layout, panels: panels, ranges: ranges)
        #expect(parts.map(\.bitPattern) == whole.map(\.bitPattern), "panels \(ranges)")
      }
    }
    for element in KernelTests.elements {
      let weights = KernelTrial.representable(draw.numbers(32 * width), element)
      Self.check(test.rows, kernels.multiplyFloat(x, width: width, weights, element)) {
        kernels.multiplyFloat(Self.row(x, $0, of: test.rows), width: width, weights, element)
      }
    }
  }

  @Test("attention over exact rows", arguments: cases)
  func exact(_ test: Case) {
    let kernels = KernelTrial(test.set)
    var draw = SeededNumbers(test.rows)
    for (element, headDim) in [(FloatElement.float16, 64), (.float32, 80), (.bfloat16, 32)] {
      let keys = KernelTrial.representable(draw.numbers(45 * headDim), element)
      let queries = draw.numbers(test.rows * headDim)
      Self.check(test.rows, kernels.keyScores(keys, queries, headDim: headDim, first: 1, element)) {
        kernels.keyScores(keys, Self.row(queries, $0, of: test.rows), headDim: headDim, first: 1, element)
      }
      let weights = draw.numbers(test.rows * 40)
      let acc = draw.numbers(test.rows * headDim)
      Self.check(
        test.rows, kernels.accumulateValues(keys, 3..<43, weights, acc, headDim: headDim, element)
      ) {
        kernels.accumulateValues(
          keys, 3..<43, Self.row(weights, $0, of: test.rows), Self.row(acc, $0, of: test.rows), headDim: headDim,
          element)
      }
    }
  }

  @Test("attention over packed rows", arguments: cases)
  func packed(_ test: Case) {
    let table = test.set.table
    var draw = SeededNumbers(test.rows)
    for bits in [2, 4, 8] {
      let packed = PackedTrial(tokens: 77, headDim: 64, bits: bits, group: 32, &draw)
      let queries = draw.numbers(test.rows * 64)
      Self.check(test.rows, packed.scores(table, queries, 1..<5)) {
        packed.scores(table, Self.row(queries, $0, of: test.rows), 1..<5)
      }
      let weights = draw.numbers(test.rows * 45)
      let acc = draw.numbers(test.rows * 64)
      Self.check(test.rows, packed.sums(table, weights, 32..<77, acc)) {
        packed.sums(table, Self.row(weights, $0, of: test.rows), 32..<77, Self.row(acc, $0, of: test.rows))
      }
    }
  }

  @Test("rounding and normalising rows", arguments: cases)
  func rows(_ test: Case) {
    let kernels = KernelTrial(test.set)
    var draw = SeededNumbers(test.rows)
    let x = draw.numbers(test.rows * 96)
    let weight = draw.numbers(96)
    func normalised(_ x: [Float]) -> [Float] {
      KernelTrial.guarded(x.count) {
        kernels.table.normaliseRootMeanSquare(x, weight, 1e-5, x.count / 96, 96, $0)
      }
    }
    Self.check(test.rows, normalised(x)) { normalised(Self.row(x, $0, of: test.rows)) }
    func rounded(_ x: [Float]) -> [Float] { kernels.quantiseRows(x, width: 96).codes.map(Float.init) }
    Self.check(test.rows, rounded(x)) { rounded(Self.row(x, $0, of: test.rows)) }
  }
}
