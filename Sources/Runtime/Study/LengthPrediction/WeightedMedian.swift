/// The value with half of the weight at or below it: what makes a sum of weighted distances least.
public enum WeightedMedian {
  /// The smallest value at which the weights reach half of their sum; nil if no weight is above 0.
  ///
  /// Values and weights are finite, weights 0 or more; the longer list is cut.
  public static func of(_ values: [Double], weights: [Double]) -> Double? {
    let pairs = zip(values, weights).filter { $0.1 > 0 }.sorted { $0.0 < $1.0 }
    let half = pairs.reduce(0) { $0 + $1.1 } / 2
    var reached = 0.0
    for (value, weight) in pairs {
      reached += weight
      if reached >= half { return value }
    }
    return pairs.last?.0
  }

  /// The constant of the least mean relative error: the median of lengths weighted by 1 / L; nil if none is above 0.
  public static func ofLengths(_ lengths: [Double]) -> Double? {
    of(lengths, weights: lengths.map { $0 > 0 ? 1 / $0 : 0 })
  }
}
