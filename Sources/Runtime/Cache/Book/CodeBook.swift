import Foundation

/// The levels that codes stand for, ascending (sheet kvquant); numbers are normalised to about [-1, 1] before.
public struct CodeBook: Equatable, Sendable {
  /// Levels that numbers are rounded to, the nearest one, the lower of two.
  public let levels: [Float]
  /// What the codes are restored to: the levels, or those of Q-Norm.
  public let restored: [Float]

  public init(levels: [Float], restored: [Float]? = nil) {
    self.levels = levels
    self.restored = restored ?? levels
  }

  /// The code of a normalised number; NaN has code 0.
  @inline(__always) public func code(_ x: Float) -> UInt8 {
    levels.withUnsafeBufferPointer { levels in
      var low = 0
      var high = levels.count - 1
      while low < high {
        let middle = (low + high) / 2
        // Beyond the middle of two levels the upper one is nearer.
        if x - levels[middle] > levels[middle + 1] - x { low = middle + 1 } else { high = middle }
      }
      return UInt8(truncatingIfNeeded: low)
    }
  }

  /// Levels at equal distances from -1 to 1.
  public static func uniform(bits: Int) -> CodeBook {
    let top = Float((1 << bits) - 1)
    return CodeBook(levels: (0...(1 << bits) - 1).map { -1 + 2 * Float($0) / top })
  }

  /// NormalFloat: quantiles of the normal distribution, zero among them, scaled to 1 (QLoRA, arXiv 2305.14314).
  public static func normal(bits: Int) -> CodeBook {
    let half = 1 << (bits - 1)
    let end = 0.9677083
    func quantiles(_ count: Int) -> [Double] {
      (0..<count).map { normalQuantile(end + (0.5 - end) * Double($0) / Double(count)) }
    }
    let levels = (quantiles(half) + [0] + quantiles(half - 1).map { -$0 }).sorted()
    let top = levels[levels.count - 1]
    return CodeBook(levels: levels.map { Float($0 / top) })
  }

  /// The number that a standard normal one is below with probability `p`, 0 < p < 1: Newton's steps from 0.
  static func normalQuantile(_ p: Double) -> Double {
    var x = 0.0
    for _ in 0..<60 {
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      x -= (0.5 * erfc(-x / 2.0.squareRoot()) - p) / max(density, 1e-300)
    }
    return x
  }

  /// The book of the least squares over numbers (Lloyd's algorithm in one dimension), at most `loops` passes from the
  /// numbers' quantiles.
  ///
  /// - Parameters:
  ///   - weights: one a number; nil counts each once.
  ///   - check: asked every few milliseconds, so that what it throws ends the work.
  public static func means(
    _ numbers: [Float], weights: [Float]? = nil, count: Int, loops: Int = 50, check: () throws -> Void
  ) rethrows -> [Float] {
    guard !numbers.isEmpty else { return (0..<count).map { -1 + 2 * Float($0) / Float(max(1, count - 1)) } }
    var compared = 0
    func precedes(_ a: Float, _ b: Float) throws -> Bool {
      compared &+= 1
      if compared & checkEvery == 0 { try check() }
      return a < b
    }
    let order = weights == nil ? [] : try numbers.indices.sorted { try precedes(numbers[$0], numbers[$1]) }
    let sorted = weights == nil ? try numbers.sorted(by: precedes) : order.map { numbers[$0] }
    // Sums of all before, so that a cluster's mean is one division.
    var sums = [0.0]
    var counts = [0.0]
    sums.reserveCapacity(sorted.count + 1)
    counts.reserveCapacity(sorted.count + 1)
    for (index, number) in sorted.enumerated() {
      if index & checkEvery == 0 { try check() }
      let weight = weights.map { Double($0[order[index]]) } ?? 1
      sums.append(sums[index] + weight * Double(number))
      counts.append(counts[index] + weight)
    }
    var means = (0..<count).map { Double(sorted[min(sorted.count - 1, (2 * $0 + 1) * sorted.count / (2 * count))]) }
    for _ in 0..<loops {
      var next = means
      var first = 0
      for cluster in 0..<count {
        let end =
          cluster + 1 < count ? place(sorted, after: (means[cluster] + means[cluster + 1]) / 2) : sorted.count
        if counts[max(first, end)] > counts[first] {
          next[cluster] = (sums[end] - sums[first]) / (counts[end] - counts[first])
        }
        first = max(first, end)
      }
      if next == means { break }
      means = next
    }
    return means.map { Float($0) }
  }

  /// The same of few numbers.
  static func means(_ numbers: [Float], weights: [Float]? = nil, count: Int) -> [Float] {
    means(numbers, weights: weights, count: count, check: {})
  }

  /// A mask: work asks whether it is to end once in so many numbers and one, about a millisecond.
  private static let checkEvery = 0xFFFF

  /// How many of the sorted numbers are not above `limit`.
  private static func place(_ sorted: [Float], after limit: Double) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if Double(sorted[middle]) <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Q-Norm: levels shifted and stretched so that restored numbers have the mean and the deviation of the exact ones.
  ///
  /// - Parameter check: asked every few milliseconds, so that what it throws ends the work.
  public func normalised(to numbers: [Float], check: () throws -> Void) rethrows -> CodeBook {
    func sum(_ term: (Int) -> Double) throws -> Double {
      var sum = 0.0
      for index in numbers.indices {
        if index & Self.checkEvery == 0 { try check() }
        sum += term(index)
      }
      return sum
    }
    func moments(_ x: (Int) -> Double) throws -> (mean: Double, deviation: Double) {
      let count = Double(max(1, numbers.count))
      let mean = try sum(x) / count
      return (mean, (try sum { (x($0) - mean) * (x($0) - mean) } / count).squareRoot())
    }
    let exact = try moments { Double(numbers[$0]) }
    let coded = try moments { Double(levels[Int(code(numbers[$0]))]) }
    guard coded.deviation > 0 else { return self }
    let ratio = exact.deviation / coded.deviation
    return CodeBook(
      levels: levels, restored: levels.map { Float(Double($0) * ratio + exact.mean - coded.mean * ratio) })
  }

  func normalised(to numbers: [Float]) -> CodeBook { normalised(to: numbers, check: {}) }
}
