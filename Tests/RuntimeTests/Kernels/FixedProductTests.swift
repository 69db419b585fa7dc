import KernelABI
import Testing

@testable import Runtime

/// Products of matrices in fixed point against plain sums, in every set this processor runs.
struct FixedProductTests {
  /// A matrix, its directions and what the kernels of a set make of them.
  struct Trial {
    let rows: Int
    let columns: Int
    let rank: Int
    let stride: Int
    let unit: Float
    let matrix: [Int16]
    let p: [Float]
    let start: [Float]
    private(set) var q: [Float] = []
    private(set) var sums: [Float] = []

    /// - Parameter isExtreme: all numbers as large as they may be, of one sign.
    init(_ seed: Int, _ set: InstructionSet, columns: Int? = nil, isExtreme: Bool = false) {
      var draw = SeededNumbers(seed)
      rows = isExtreme ? 64 : draw.int(1...70)
      self.columns = columns ?? 16 * draw.int(1...13)
      rank = draw.int(1...8)
      stride = rows + draw.int(0...5)
      unit = isExtreme ? 1 : Float.random(in: 1e-6...1e-2, using: &draw)
      matrix = (0..<rows * self.columns).map { _ in isExtreme ? 16_383 : Int16(draw.int(-16_383...16_383)) }
      p = isExtreme ? [Float](repeating: -3, count: rank * self.columns) : draw.numbers(rank * self.columns)
      start = draw.numbers(rank * self.columns)
      let factors = set.table.corrections
      let (rows, rank, stride, p, start) = (rows, rank, stride, p, start)
      matrix.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        let matrix = FixedRows(base, unit: unit, columns: self.columns)
        var units = [Float](repeating: 0, count: rank)
        let directions = KernelTrial.guardedFixed(p.count) { factors.fixDirections(p, rank, matrix, $0, &units) }
        q = KernelTrial.guarded(rank * stride) {
          factors.projectFixed(matrix, rows, directions, units, rank, $0, stride)
        }
        let q = q
        sums = KernelTrial.guarded(p.count, start) { factors.addFixed(matrix, rows, q, stride, rank, $0) }
      }
    }
  }

  static func largest(_ numbers: some Sequence<Float>) -> Double { numbers.reduce(0) { max($0, Double(abs($1))) } }

  /// Terms of a product are off by half a unit of the rounded factor each.
  static func check(_ trial: Trial) {
    let (columns, unit) = (trial.columns, Double(trial.unit))
    func number(_ row: Int, _ column: Int) -> Double { Double(trial.matrix[row * columns + column]) * unit }
    let mostDirection = Double(min(16_383, 0x1p31 / (16_383 * 2 * Float((columns + 31) / 32)) - 2))
    for j in 0..<trial.rank {
      let directions = (0..<columns).map { Double(trial.p[j * columns + $0]) }
      let step = Self.largest(trial.p[j * columns..<(j + 1) * columns]) / mostDirection
      for row in 0..<trial.rows {
        let size = (0..<columns).reduce(0.0) { $0 + abs(number(row, $1)) }
        let exact = (0..<columns).reduce(0.0) { $0 + number(row, $1) * directions[$1] }
        let terms = (0..<columns).reduce(0.0) { $0 + abs(number(row, $1) * directions[$1]) }
        #expect(abs(Double(trial.q[j * trial.stride + row]) - exact) <= size * step * 0.51 + terms * 1e-6)
      }
      for column in 0..<columns {
        var exact = Double(trial.start[j * columns + column])
        var off = abs(exact) * 1e-6
        for first in stride(from: 0, to: trial.rows, by: FixedRows.blockRows) {
          let block = first..<min(trial.rows, first + FixedRows.blockRows)
          let step = Self.largest(block.map { trial.q[j * trial.stride + $0] }) / Double(FixedRows.mostFactor)
          for row in block {
            let term = number(row, column) * Double(trial.q[j * trial.stride + row])
            exact += term
            off += abs(number(row, column)) * step * 0.51 + abs(term) * 1e-6
          }
        }
        #expect(abs(Double(trial.sums[j * columns + column]) - exact) <= off)
      }
    }
  }

  @Test("products are those of the numbers, up to the rounding of the factors", arguments: InstructionSet.available)
  func products(_ set: InstructionSet) {
    for seed in 0..<40 { Self.check(Trial(seed, set)) }
  }

  @Test(
    "the largest numbers of one sign do not run over, for any number of columns",
    arguments: InstructionSet.available, [16, 48, 192, 1024, 4096])
  func extremes(_ set: InstructionSet, _ columns: Int) {
    Self.check(Trial(columns, set, columns: columns, isExtreme: true))
  }

  @Test("every set gives the same bits", arguments: InstructionSet.available)
  func sameBits(_ set: InstructionSet) {
    for seed in 0..<20 {
      let (one, other) = (Trial(seed, set), Trial(seed, .base))
      #expect(one.q.map(\.bitPattern) == other.q.map(\.bitPattern))
      #expect(one.sums.map(\.bitPattern) == other.sums.map(\.bitPattern))
    }
  }

  @Test(
    "a direction with a number that is none gives none, nothing gives nothing", arguments: InstructionSet.available)
  func notNumbers(_ set: InstructionSet) {
    let matrix = [Int16](repeating: 5, count: 3 * 32)
    for (number, expected) in [(Float.nan, Float.nan), (.infinity, .nan), (0, 0), (1e-38, 0)] {
      var p = [Float](repeating: number.isFinite ? number : 1, count: 32)
      p[17] = number
      var units: [Float] = [7]
      var directions = [Int16](repeating: 7, count: 32)
      var q = [Float](repeating: 7, count: 3)
      var sums = [Float](repeating: 1, count: 32)
      matrix.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        let rows = FixedRows(base, unit: 0.5, columns: 32)
        set.table.corrections.fixDirections(p, 1, rows, &directions, &units)
        set.table.corrections.projectFixed(rows, 3, directions, units, 1, &q, 3)
        set.table.corrections.addFixed(rows, 3, q, 3, 1, &sums)
      }
      #expect(q.allSatisfy { $0 == expected || $0.isNaN && expected.isNaN })
      #expect(sums.allSatisfy { $0 == 1 + expected || $0.isNaN && expected.isNaN })
    }
  }
}
