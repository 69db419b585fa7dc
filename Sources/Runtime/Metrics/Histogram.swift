/// Equal bins over the range of the data, the last bin closed, as densities.
///
/// The rule of NumPy's `histogram(range=(min, max), density=True)`: edges are `min + i * step`, and a value that
/// rounding put one bin off is moved to the bin whose edges hold it. Equal values get bins over value +- 0.5.
public struct Histogram: Equatable, Sendable {
  /// Ascending edges. // [bins + 1]
  public let edges: [Double]
  /// Values a bin. // [bins]
  public let counts: [Int]
  /// count / (n * width), so that the areas add up to 1. // [bins]
  public let densities: [Double]

  /// Throws `K620`, `K621`, `K622` (bins outside 1...10,000), `K628` (max - min overflows).
  public init(_ values: [Double], bins: Int = 20) throws {
    guard bins >= 1, bins <= 10_000 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "a histogram of \(bins) bins", expected: "1 to 10,000 bins",
        suggestion: "use bins=20")
    }
    try MetricProblems.requireFinite(values, of: "a histogram")
    var low = values.min() ?? 0
    var high = values.max() ?? 0
    if low == high {
      low -= 0.5
      high += 0.5
    }
    let width = (high - low) / Double(bins)
    guard width.isFinite, width > 0, low + width > low else {
      throw RuntimeProblem(
        MetricProblems.spanTooWide, seen: "a histogram from \(low) to \(high)",
        expected: "a range that \(bins) bins can divide")
    }
    var edges = (0..<bins).map { low + Double($0) * width }
    edges.append(high)
    var counts = [Int](repeating: 0, count: bins)
    for value in values {
      var bin = min(max(Int(((value - low) / (high - low) * Double(bins)).rounded(.down)), 0), bins - 1)
      if value < edges[bin], bin > 0 { bin -= 1 }
      if value >= edges[bin + 1], bin < bins - 1 { bin += 1 }
      counts[bin] += 1
    }
    self.edges = edges
    self.counts = counts
    densities = counts.indices.map { Double(counts[$0]) / (Double(values.count) * (edges[$0 + 1] - edges[$0])) }
  }
}
