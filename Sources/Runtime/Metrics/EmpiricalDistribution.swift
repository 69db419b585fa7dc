/// The share of values at or below each value: figure 5's curve of end-to-end latencies.
public struct EmpiricalDistribution: Equatable, Sendable {
  /// Distinct values, ascending.
  public let values: [Double]
  /// The share of all values at or below each. // [values]
  public let shares: [Double]
  /// How many values there were.
  public let count: Int
  private let sorted: [Double]

  /// Throws `K620` (no values), `K621` (not finite).
  public init(_ values: [Double]) throws {
    try MetricProblems.requireFinite(values, of: "a distribution")
    sorted = values.sorted()
    count = values.count
    var distinct: [Double] = []
    var shares: [Double] = []
    for (place, value) in sorted.enumerated() {
      if distinct.last == value {
        shares[shares.count - 1] = Double(place + 1) / Double(sorted.count)
      } else {
        distinct.append(value)
        shares.append(Double(place + 1) / Double(sorted.count))
      }
    }
    self.values = distinct
    self.shares = shares
  }

  /// The share of values at or below `value`.
  public func share(atOrBelow value: Double) -> Double {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = (low + high) / 2
      if values[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : shares[low - 1]
  }

  /// The quantile `p`, by linear interpolation as `Quantile`; p is cut to 0...1.
  public func quantile(_ p: Double) -> Double { Quantile.ofSorted(sorted, at: min(max(p, 0), 1)) }

  /// At most `most` points of the curve, those with the first and the last value among them, evenly by share.
  public func points(most: Int) -> [(value: Double, share: Double)] {
    guard values.count > max(most, 2) else { return zip(values, shares).map { ($0, $1) } }
    var points: [(value: Double, share: Double)] = []
    let last = values.count - 1
    for step in 0..<max(most, 2) {
      let place = last * step / (max(most, 2) - 1)
      points.append((values[place], shares[place]))
    }
    return points
  }
}
