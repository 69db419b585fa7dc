/// A function of two numbers given at points: linear in the second at each given first, then linear in the first; outside
/// it keeps the ends' values.
struct TableSurface: Sendable, Equatable {
  /// By first number, ascending.
  private let rows: [PiecewiseLinear]
  private let places: [Double]

  init(_ points: [(first: Double, second: Double, value: Double)]) {
    let groups = Dictionary(grouping: points, by: \.first)
    places = groups.keys.sorted()
    rows = places.map { place in PiecewiseLinear((groups[place] ?? []).map { ($0.second, $0.value) }) }
  }

  func callAsFunction(_ first: Double, _ second: Double) -> Double {
    guard let least = places.first, let most = places.last else { return 0 }
    if first <= least { return rows[0](second) }
    if first >= most { return rows[rows.count - 1](second) }
    var (low, high) = (0, places.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if places[middle] <= first { low = middle } else { high = middle }
    }
    if places[low] == first { return rows[low](second) }
    let share = (first - places[low]) / (places[high] - places[low])
    return rows[low](second) * (1 - share) + rows[high](second) * share
  }
}
