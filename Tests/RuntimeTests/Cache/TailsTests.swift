import Testing

@testable import Runtime

struct TailsTests {
  static func places(_ x: [Float], _ perEnd: Int) -> [Int] {
    x.withUnsafeBufferPointer { Tails.places($0, perEnd: perEnd) }
  }

  @Test("both tails are taken, not the largest magnitudes")
  func bothTails() {
    #expect(Self.places([5, -1, 9, 100, 3, -2, 90], 2) == [1, 3, 5, 6])
  }

  @Test("random vectors: the places are those that sorting by number and place gives", arguments: 0..<40)
  func likeSorting(_ seed: Int) {
    var draw = SeededNumbers(seed)
    // Few distinct numbers in half the trials, so that ties decide.
    let x = (0..<draw.int(1...400)).map { _ in seed % 2 == 0 ? draw.normal() : Float(draw.int(-3...3)) }
    let perEnd = draw.int(0...x.count / 2)
    let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
    #expect(Self.places(x, perEnd) == (order.prefix(perEnd) + order.suffix(perEnd)).sorted())
  }

  @Test("equal numbers are never taken twice")
  func ties() {
    #expect(Self.places([Float](repeating: 4, count: 10), 3) == [0, 1, 2, 7, 8, 9])
    #expect(Self.places([4, 4], 5) == [0, 1])
    #expect(Self.places([], 5) == [])
  }

  @Test("NaN and infinities stand at the ends")
  func notNumbers() {
    #expect(Self.places([1, .nan, 2, -.infinity, 3, .infinity], 1) == [1, 3])
    #expect(Self.places([0, .infinity, 2, -.infinity], 1) == [1, 3])
  }

  @Test("the tails of columns and of rows are replaced by the vector's mean")
  func means() {
    var matrix: [Float] = [0, 10, 1, 20, 2, 60]
    #expect(Tails.replaceByMean(&matrix, .columns(rows: 3, columns: 2), perEnd: 1) == [0, 1, 4, 5])
    #expect(matrix == [1, 30, 1, 20, 1, 30])
    matrix = [0, 10, 2, 20, 2, 5]
    #expect(Tails.replaceByMean(&matrix, .rows(rows: 2, columns: 3), perEnd: 1) == [0, 1, 3, 4])
    #expect(matrix == [4, 4, 2, 9, 9, 5])
    #expect(Tails.replaceByMean(&matrix, .rows(rows: 2, columns: 3), perEnd: 0) == [])
  }
}
