/// A function given at points and linear between them; outside it keeps the value of the nearest end.
public struct PiecewiseLinear: Sendable, Equatable {
  /// Ascending, without repeats. // [points]
  public let x: [Double]
  public let y: [Double]

  /// Points in any order; those of one place are averaged. No points give a function that is 0 everywhere.
  public init(_ points: [(x: Double, y: Double)]) {
    var sums: [Double: (sum: Double, count: Double)] = [:]
    for point in points {
      let known = sums[point.x] ?? (0, 0)
      sums[point.x] = (known.sum + point.y, known.count + 1)
    }
    let places = sums.keys.sorted()
    x = places
    y = places.map { place in sums[place].map { $0.sum / $0.count } ?? 0 }
  }

  public func callAsFunction(_ at: Double) -> Double {
    guard let first = x.first, let last = x.last else { return 0 }
    if at <= first { return y[0] }
    if at >= last { return y[y.count - 1] }
    var (low, high) = (0, x.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if x[middle] <= at { low = middle } else { high = middle }
    }
    let share = (at - x[low]) / (x[high] - x[low])
    return y[low] + share * (y[high] - y[low])
  }
}
