/// The data of figure 4 for one configuration: a histogram and a density curve of D in whole percent.
///
/// Source: the artifact's `plot_kde_shift_dist.py` with the defaults of seaborn 0.13 (20 bins, Scott, 200 points).
public struct LengthDistribution: Equatable, Sendable {
  /// What figure 4 leaves open, with its values in the paper.
  public struct Options: Equatable, Sendable {
    /// Requests with |D| beyond this many percent are dropped, not clamped.
    public var clipPercent: Double
    public var bins: Int
    public var bandwidth: KernelDensity.Bandwidth
    /// Grid points of the curve.
    public var points: Int

    public init(
      clipPercent: Double = 200, bins: Int = 20, bandwidth: KernelDensity.Bandwidth = .scott, points: Int = 200
    ) {
      self.clipPercent = clipPercent
      self.bins = bins
      self.bandwidth = bandwidth
      self.points = points
    }
  }

  /// Why there is no curve.
  public enum NoCurve: String, Equatable, Sendable {
    case noValues = "no values"
    case oneValue = "a single value"
    case allEqual = "all values are equal (s = 0)"
  }

  /// D in whole percent, halves to even, in the order of the pairs; dropped and skipped requests are left out.
  public let percents: [Double]
  /// Requests with L_un = 0.
  public let skipped: Int
  /// Requests with |D| beyond the clip.
  public let dropped: Int
  /// Nil when no value is left.
  public let histogram: Histogram?
  /// Nil when `noCurve` says why.
  public let curve: KernelDensity?
  public let noCurve: NoCurve?

  /// Throws `K622` (an option out of range), `K625` (a negative length), `K628` (a range too wide for the bins).
  public init(_ pairs: [LengthPair], options: Options = Options()) throws {
    guard options.clipPercent >= 0, options.clipPercent.isFinite else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "clip=\(options.clipPercent)", expected: "a percentage of 0 or more",
        suggestion: "use clip=200")
    }
    try LengthDifference.requireLengths(pairs)
    let all = pairs.compactMap(\.wholePercent)
    percents = all.filter { abs($0) <= options.clipPercent }
    skipped = pairs.count - all.count
    dropped = all.count - percents.count
    guard !percents.isEmpty else {
      histogram = nil
      curve = nil
      noCurve = .noValues
      return
    }
    histogram = try Histogram(percents, bins: options.bins)
    curve = try KernelDensity(percents, bandwidth: options.bandwidth, points: options.points)
    noCurve = curve != nil ? nil : percents.count == 1 ? .oneValue : .allEqual
  }
}
