/// Quantiles by linear interpolation at rank (n - 1) p, the default of NumPy and of R (type 7).
public enum Quantile {
  /// The quantile `p` (0...1) of `values`, in any order.
  ///
  /// Throws `K620` (no values), `K621` (not finite), `K622` (p outside 0...1).
  public static func of(_ values: [Double], at p: Double) throws -> Double {
    try MetricProblems.requireFinite(values, of: "a quantile")
    guard p >= 0, p <= 1 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "the quantile at \(p)", expected: "a share from 0 to 1",
        suggestion: "use 0.5 for the median")
    }
    return ofSorted(values.sorted(), at: p)
  }

  /// `values` ascending, finite and not empty; `p` in 0...1.
  static func ofSorted(_ values: [Double], at p: Double) -> Double {
    let rank = Double(values.count - 1) * p
    let lower = min(max(Int(rank), 0), values.count - 1)
    let upper = min(lower + 1, values.count - 1)
    let fraction = rank - Double(lower)
    // Weighted ends rather than `a + (b - a) f`: the difference of two finite numbers may overflow.
    return values[lower] * (1 - fraction) + values[upper] * fraction
  }
}
