import Testing

@testable import Runtime

struct PowerIterationTests {
  /// |E - Q P^T| as a Frobenius norm.
  static func error(_ matrix: [Float], rows: Int, columns: Int, _ factors: PowerIteration.Factors) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      for column in 0..<columns {
        var value = Double(matrix[row * columns + column])
        for j in 0..<factors.rank {
          value -= Double(factors.q[j * rows + row]) * Double(factors.p[j * columns + column])
        }
        sum += value * value
      }
    }
    return sum.squareRoot()
  }

  static func norm(_ x: [Float]) -> Double { x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }

  @Test("a matrix of rank three is recovered by three vectors")
  func recoversLowRank() {
    var draw = SeededNumbers(1)
    let a = draw.numbers(3 * 50)
    let b = draw.numbers(3 * 21)
    var matrix = [Float](repeating: 0, count: 50 * 21)
    for row in 0..<50 {
      for column in 0..<21 {
        for j in 0..<3 { matrix[row * 21 + column] += a[j * 50 + row] * b[j * 21 + column] }
      }
    }
    let start = PowerIteration.start(columns: 21, rank: 3, seed: 0, stream: 0)
    let factors = PowerIteration.factors(matrix, rows: 50, columns: 21, start: start, loops: 3)
    #expect(Self.error(matrix, rows: 50, columns: 21, factors) < 1e-4 * Self.norm(matrix))
  }

  @Test("the error never grows with the rank, and full rank leaves rounding alone", arguments: [(64, 48), (20, 70)])
  func fallsWithRank(_ size: (Int, Int)) {
    var draw = SeededNumbers(4)
    let matrix = draw.numbers(size.0 * size.1)
    var last = Double.infinity
    for rank in 0...min(size.0, size.1) {
      let start = PowerIteration.start(columns: size.1, rank: rank, seed: 5, stream: 1)
      let factors = PowerIteration.factors(matrix, rows: size.0, columns: size.1, start: start, loops: 6)
      let error = Self.error(matrix, rows: size.0, columns: size.1, factors)
      #expect(error <= last * (1 + 1e-4), "rank \(rank)")
      last = error
    }
    #expect(last < 1e-4 * Self.norm(matrix))
  }

  @Test("Q is orthonormal", arguments: [1, 3, 40])
  func orthonormal(_ loops: Int) {
    var draw = SeededNumbers(8)
    let matrix = draw.numbers(90 * 33)
    let start = PowerIteration.start(columns: 33, rank: 6, seed: 1, stream: 2)
    let factors = PowerIteration.factors(matrix, rows: 90, columns: 33, start: start, loops: loops)
    for i in 0..<6 {
      for j in 0..<6 {
        let dot = (0..<90).reduce(0.0) { $0 + Double(factors.q[i * 90 + $1]) * Double(factors.q[j * 90 + $1]) }
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-5)
      }
    }
  }

  @Test("panels side by side give what the same matrix in one piece gives, with missing rows as zeros")
  func panels() {
    var draw = SeededNumbers(2)
    let left = draw.numbers(10 * 16)
    let right = draw.numbers(7 * 16)
    var whole = [Float](repeating: 0, count: 10 * 32)
    for row in 0..<10 {
      for column in 0..<16 {
        whole[row * 32 + column] = left[row * 16 + column]
        if row < 7 { whole[row * 32 + 16 + column] = right[row * 16 + column] }
      }
    }
    let start = PowerIteration.start(columns: 32, rank: 4, seed: 3, stream: 0)
    let one = PowerIteration.factors(whole, rows: 10, columns: 32, start: start, loops: 3)
    let two = PowerIteration.factors(
      left + right,
      panels: [
        .init(offset: 0, rows: 10, columns: 16), .init(offset: 160, rows: 7, columns: 16),
      ], start: start, loops: 3)
    for (a, b) in zip(one.p + one.q, two.p + two.q) { #expect(abs(a - b) < 1e-4) }
  }

  @Test("zeros, NaN, infinity and huge numbers end in factors, not in a trap")
  func oddNumbers() {
    for number in [Float(0), .nan, .infinity, 1e30, .leastNonzeroMagnitude] {
      let matrix = [Float](repeating: number, count: 32 * 32)
      let start = PowerIteration.start(columns: 32, rank: 5, seed: 0, stream: 0)
      let factors = PowerIteration.factors(matrix, rows: 32, columns: 32, start: start, loops: 9)
      #expect(factors.p.count == 5 * 32 && factors.q.count == 5 * 32)
      if number == 0 { #expect(factors.p.allSatisfy { $0 == 0 }) }
    }
    #expect(PowerIteration.factors([], rows: 0, columns: 0, start: [], loops: 3).rank == 0)
  }

  @Test("start vectors are uniform, repeatable, and begin alike for every rank")
  func starts() {
    let start = PowerIteration.start(columns: 500, rank: 4, seed: 9, stream: 77)
    #expect(start.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(start.reduce(0, +) / 2000 - 0.5) < 0.03)
    #expect(Array(start[0..<1000]) == PowerIteration.start(columns: 500, rank: 2, seed: 9, stream: 77))
    #expect(start != PowerIteration.start(columns: 500, rank: 4, seed: 10, stream: 77))
    #expect(start != PowerIteration.start(columns: 500, rank: 4, seed: 9, stream: 78))
  }
}
