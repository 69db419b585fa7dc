import Foundation

/// A Gaussian kernel density estimate on an even grid from the least to the greatest value.
///
/// The curve ends at the data (cut 0) and is not renormalised to the visible range, as in seaborn 0.13 and SciPy.
public struct KernelDensity: Equatable, Sendable {
  /// How the kernel's width follows from the data; s is the sample standard deviation (n - 1).
  public enum Bandwidth: Equatable, Sendable {
    /// h = s * n^(-1/5)
    case scott
    /// h = s * (3 n / 4)^(-1/5)
    case silverman
    /// h = s * factor, as SciPy reads a number.
    case factor(Double)
  }

  /// The kernel's standard deviation h, in units of the values.
  public let bandwidth: Double
  /// Grid. // [points]
  public let x: [Double]
  /// Density at `x`. // [points]
  public let density: [Double]

  /// Nil when there is no curve to draw: fewer than two values, or all equal (s = 0). A caller says so.
  ///
  /// Throws `K620`, `K621`, `K622` (points outside 2...100,000, factor not above 0), `K628`.
  public init?(_ values: [Double], bandwidth rule: Bandwidth = .scott, points: Int = 200) throws {
    guard points >= 2, points <= 100_000 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "a density curve of \(points) points", expected: "2 to 100,000 points",
        suggestion: "use points=200")
    }
    if case .factor(let factor) = rule, !(factor > 0 && factor.isFinite) {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "a density curve with bandwidth \(factor)",
        expected: "a number above 0, `scott` or `silverman`", suggestion: "use bandwidth=scott")
    }
    try MetricProblems.requireFinite(values, of: "a density curve")
    let deviation = try SampleMoments(values).sampleStandardDeviation
    guard values.count > 1, deviation > 0, let low = values.min(), let high = values.max(), low < high else {
      return nil
    }
    let count = Double(values.count)
    switch rule {
    case .scott: bandwidth = deviation * pow(count, -0.2)
    case .silverman: bandwidth = deviation * pow(count * 0.75, -0.2)
    case .factor(let factor): bandwidth = deviation * factor
    }
    guard bandwidth > 0, bandwidth.isFinite, (high - low).isFinite else {
      throw RuntimeProblem(
        MetricProblems.spanTooWide, seen: "a density curve from \(low) to \(high)",
        expected: "a range whose width is a finite number")
    }
    let step = (high - low) / Double(points - 1)
    x = (0..<points).map { $0 == points - 1 ? high : low + Double($0) * step }
    // Percentages are whole numbers, so a thousand values are a few hundred distinct ones.
    var multiplicity: [Double: Double] = [:]
    for value in values { multiplicity[value, default: 0] += 1 }
    let centres = multiplicity.sorted { $0.key < $1.key }
    let width = bandwidth
    let scale = 1 / (count * width * (2 * Double.pi).squareRoot())
    density = x.map { point in
      var sum = 0.0
      for (centre, weight) in centres {
        let z = (point - centre) / width
        sum += weight * exp(-0.5 * z * z)
      }
      return sum * scale
    }
  }
}
