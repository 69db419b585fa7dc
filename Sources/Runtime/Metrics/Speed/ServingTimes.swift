/// Requests that were served together, as vLLM's `benchmark_serving` sums them up.
///
/// TPOT is the mean of each request's own mean and ITL a pool of gaps: different numbers. Source: the sheet `throughput`.
public struct ServingTimes: Equatable, Sendable {
  /// Those that had output.
  public let requests: [RequestTimes]
  /// From the first sending to the last output, in seconds.
  public let duration: Double

  /// Nil if no request had output or no time went by.
  public init?(_ requests: [RequestTimes]) {
    let done = requests.filter { !$0.chunks.isEmpty }
    guard let first = requests.map(\.sent).min(), let last = done.compactMap(\.chunks.last).max(), last > first,
      (last - first).isFinite
    else { return nil }
    self.requests = done
    duration = last - first
  }

  public var timesToFirstToken: [Double] { requests.compactMap(\.timeToFirstToken) }
  public var timesPerOutputToken: [Double] { requests.compactMap(\.timePerOutputToken) }
  public var gaps: [Double] { requests.flatMap(\.gaps) }
  public var endToEnd: [Double] { requests.compactMap(\.endToEnd) }

  private var outputTokens: Double { requests.reduce(0) { $0 + Double($1.outputTokens) } }
  private var promptTokens: Double { requests.reduce(0) { $0 + Double($1.promptTokens) } }

  /// Requests a second: done / d.
  public var requestRate: Double { Double(requests.count) / duration }
  /// Output tokens a second: sum G / d.
  public var outputRate: Double { outputTokens / duration }
  /// Tokens a second in both directions: (sum P + sum G) / d.
  public var totalRate: Double { (promptTokens + outputTokens) / duration }
}

/// Mean, spread and percentiles of times as vLLM prints them.
public struct TimeSpread: Equatable, Sendable {
  public let mean: Double
  public let median: Double
  /// The population's, n below the line.
  public let deviation: Double
  private let sorted: [Double]

  /// Nil without values or for one that is not finite.
  public init?(_ values: [Double]) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    sorted = values.sorted()
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    median = Quantile.ofSorted(sorted, at: 0.5)
  }

  /// By straight line at rank (n - 1) p / 100; `p` is cut to 0...100.
  public func percentile(_ p: Double) -> Double { Quantile.ofSorted(sorted, at: min(max(p / 100, 0), 1)) }
}
