import Testing

@testable import Runtime

/// The checks of sheet kvquant on levels, thresholds and calibration.
struct CodeBookTests {
  @Test("levels at thirds restore 0 to 3 between the thresholds 0 and 3 exactly; 100 is beyond them")
  func thirds() {
    let limits = BookLimits(lower: 0, upper: 3)
    let book = CodeBook.uniform(bits: 2)
    for x: Float in [0, 1, 2, 3] { #expect(abs(limits.restored(limits.code(x, book), book) - x) < 1e-6) }
    #expect(abs((100 - limits.offset) / limits.range - 65.67) < 0.01)
  }

  @Test("the nearest level is taken, the lower of two")
  func nearest() {
    let limits = BookLimits(lower: 0, upper: 3)
    let book = CodeBook(levels: [-1, -0.2, 0.2, 1])
    let numbers: [Float] = [0, 1, 2, 3, 0.4, 1.6]
    #expect(numbers.map { limits.code($0, book) } == [0, 1, 2, 3, 0, 2])
    let restored = numbers.map { limits.restored(limits.code($0, book), book) }
    for (a, b) in zip(restored, [0, 1.2, 1.8, 3, 0, 1.8] as [Float]) { #expect(abs(a - b) < 1e-6) }
    #expect(book.code(0) == 1 && book.code(-0.6) == 0)
    #expect(book.code(.nan) == 0 && book.code(.infinity) == 3 && book.code(-.infinity) == 0)
    #expect(BookLimits(lower: 2, upper: 2).restored(BookLimits(lower: 2, upper: 2).code(9, book), book) == 2)
  }

  @Test("values 1 to 200 have two outliers at 1 %: the smallest and the largest")
  func valueOutliers() {
    let numbers = (1...200).map { Float($0) }
    let limits = BookLimits(numbers, quantile: 0.995)
    #expect(abs(limits.upper - 199.005) < 1e-3 && abs(limits.lower - 1.995) < 1e-3)
    let found = BookLimits.withoutOutliers(numbers, quantile: 0.995)
    #expect(found.isOutlier.indices.filter { found.isOutlier[$0] } == [0, 199])
    // The range is that of the rest: 2 to 199.
    #expect(found.limits == BookLimits(lower: 2, upper: 199))
    #expect(found.limits.range == 98.5 && found.limits.offset == 100.5)
    #expect(BookLimits.withoutOutliers(numbers, quantile: 1).isOutlier.allSatisfy { !$0 })
  }

  @Test("means of {0, 1, 10}: 0.9 and 10 with weights 1, 9, 1; 0.5 and 10 without")
  func means() {
    let weighted = CodeBook.means([10, 0, 1], weights: [1, 1, 9], count: 2)
    #expect(abs(weighted[0] - 0.9) < 1e-6 && weighted[1] == 10)
    #expect(CodeBook.means([10, 0, 1], count: 2) == [0.5, 10])
    #expect(CodeBook.means([], count: 4).count == 4)
    #expect(CodeBook.means([3], count: 4) == [3, 3, 3, 3])
  }

  @Test("learning asks every few milliseconds whether it is to end, in every part of it")
  func ends() throws {
    var draw = SeededNumbers(6)
    let numbers = (0..<400_000).map { _ in draw.normal() }
    // Counted in all, and then ended at the first, a middle and the last time it asks.
    func asked(_ learn: (() throws -> Void) throws -> Void) throws -> Int {
      var times = 0
      try learn { times += 1 }
      for end in [1, times / 2, times] {
        var left = end
        #expect(throws: CancellationError.self) {
          try learn {
            left -= 1
            if left == 0 { throw CancellationError() }
          }
        }
        #expect(left == 0)
      }
      return times
    }
    // Sorting compares each number some 18 times, the sums look at each once.
    #expect(try asked { _ = try CodeBook.means(numbers, count: 16, check: $0) } > 50)
    #expect(try asked { _ = try CodeBook.uniform(bits: 4).normalised(to: numbers, check: $0) } == 4 * 7)
    let settings = BookSettings(bits: 2, outlier: 0.01, sink: 0, levels: .uniform, normalises: false, cap: nil)
    #expect(
      try asked {
        _ = try BookLayer(keys: [numbers], values: [numbers], width: 100, settings: settings, check: $0)
      } == 100 + 4_000 / 256 + 1)
  }

  @Test("NormalFloat's four-bit levels are those of its paper")
  func normal() {
    let levels: [Float] = [
      -1.0, -0.69619280, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0, 0.07958030, 0.16093020,
      0.24611230, 0.33791524, 0.44070983, 0.56261700, 0.72295684, 1.0,
    ]
    let found = CodeBook.normal(bits: 4).levels
    for (a, b) in zip(found.sorted(), levels) { #expect(abs(a - b) < 2e-3) }
    for bits in 2...5 {
      let book = CodeBook.normal(bits: bits)
      #expect(book.levels.count == 1 << bits && book.levels == book.levels.sorted())
      #expect(book.levels.contains(0) && book.levels.last == 1)
    }
  }

  @Test("Q-Norm gives restored numbers the mean and deviation of the exact ones")
  func normalised() {
    var draw = SeededNumbers(4)
    let numbers = (0..<4000).map { _ in draw.normal() / 3 + 0.1 }
    let book = CodeBook(levels: [-0.9, -0.2, 0.1, 0.8]).normalised(to: numbers)
    func moments(_ x: [Float]) -> (Double, Double) {
      let mean = x.reduce(0.0) { $0 + Double($1) } / Double(x.count)
      return (mean, (x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(x.count)).squareRoot())
    }
    let exact = moments(numbers)
    let restored = moments(numbers.map { book.restored[Int(book.code($0))] })
    #expect(abs(exact.0 - restored.0) < 1e-4 && abs(exact.1 - restored.1) < 1e-4)
    // Rounding is to the levels themselves.
    #expect(book.levels == [-0.9, -0.2, 0.1, 0.8])
  }

  @Test("the first tokens are left out of the calibration: their huge keys would stretch every channel")
  func sinks() {
    var draw = SeededNumbers(6)
    var keys = (0..<64 * 4).map { _ in draw.normal() }
    for channel in 0..<4 { keys[channel] = 500 }
    let values = (0..<64 * 4).map { _ in draw.normal() }
    func book(_ sink: Int) -> BookLayer {
      let settings = BookSettings(bits: 2, outlier: 0, sink: sink, levels: .nuq, normalises: false)
      return BookLayer(keys: [keys], values: [values], width: 4, settings: settings)
    }
    #expect(book(0).keyUpper.allSatisfy { $0 == 500 })
    #expect(book(1).keyUpper.allSatisfy { $0 < 5 })
  }
}
