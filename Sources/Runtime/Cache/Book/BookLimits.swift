/// Thresholds of a vector, beyond which lie its outliers (sheet kvquant).
public struct BookLimits: Equatable, Sendable {
  public let lower: Float
  public let upper: Float

  public init(lower: Float, upper: Float) {
    self.lower = lower
    self.upper = upper
  }

  /// The quantiles `quantile` and 1 - quantile of numbers, interpolated between ranks.
  public init(_ numbers: [Float], quantile: Double) {
    let sorted = numbers.sorted()
    func at(_ share: Double) -> Float {
      guard !sorted.isEmpty else { return 0 }
      let rank = share * Double(sorted.count - 1)
      let below = min(sorted.count - 1, max(0, Int(rank.rounded(.down))))
      let above = min(sorted.count - 1, below + 1)
      return sorted[below] + Float(rank - Double(below)) * (sorted[above] - sorted[below])
    }
    self.init(lower: at(1 - quantile), upper: at(quantile))
  }

  /// What a normalised number is multiplied by, and what is added.
  public var range: Float { (upper - lower) / 2 }
  public var offset: Float { (upper + lower) / 2 }

  /// A number's code; 0 where there is no range.
  public func code(_ x: Float, _ book: CodeBook) -> UInt8 {
    let range = range
    return range > 0 ? book.code((x - offset) / range) : book.code(0)
  }

  public func restored(_ code: UInt8, _ book: CodeBook) -> Float { book.restored[Int(code)] * range + offset }
}

extension BookLimits {
  /// The range of a vector without its outliers, and which they are: at or beyond its own quantiles. A quantile of 1 takes
  /// none.
  public static func withoutOutliers(_ numbers: [Float], quantile: Double) -> (limits: BookLimits, isOutlier: [Bool]) {
    var isOutlier = [Bool](repeating: false, count: numbers.count)
    var low = Float.infinity
    var high = -Float.infinity
    let ends = quantile < 1 ? BookLimits(numbers, quantile: quantile) : nil
    for (index, number) in numbers.enumerated() {
      if let ends, number >= ends.upper || number <= ends.lower {
        isOutlier[index] = true
      } else {
        low = min(low, number)
        high = max(high, number)
      }
    }
    // All of them may be outliers: then any range will do.
    return (low <= high ? BookLimits(lower: low, upper: high) : BookLimits(lower: 0, upper: 0), isOutlier)
  }

  /// Range and offset as the cache stores them for a token's values.
  var stored: StoredScale { StoredScale(scale: Half.bits(range), minimum: Half.bits(offset)) }
}
