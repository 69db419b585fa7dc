/// What a simulation found: when each request had its first and its last token, where it went, and what servers did.
public struct RouteResult: Sendable {
  /// The server of each request. // [requests]
  public let servers: [Int]
  public let arrivalSeconds: [Double]
  /// When the first token was there, on the clock of the arrivals. // [requests]
  public let firstTokenSeconds: [Double]
  /// When the last token was there. // [requests]
  public let finishSeconds: [Double]
  /// [servers]
  public let loads: [RouteServerLoad]

  /// From the first arrival to the last token.
  public var makespanSeconds: Double { (finishSeconds.max() ?? 0) - (arrivalSeconds.first ?? 0) }

  /// End-to-end latencies. // [requests]
  public var latencySeconds: [Double] { zip(finishSeconds, arrivalSeconds).map { $0 - $1 } }

  /// Mean, median and 99th percentile of the end-to-end latencies and the mean time to the first token, all in seconds.
  ///
  /// - Throws: K620 for a workload without requests.
  public func summary() throws -> RouteSummary {
    let latencies = latencySeconds
    try MetricProblems.requireFinite(latencies, of: "the latency")
    let sorted = latencies.sorted()
    let count = Double(sorted.count)
    let waits = zip(firstTokenSeconds, arrivalSeconds).reduce(0) { $0 + ($1.0 - $1.1) }
    return RouteSummary(
      requests: sorted.count, meanSeconds: latencies.reduce(0, +) / count,
      medianSeconds: Quantile.ofSorted(sorted, at: 0.5),
      p99Seconds: Quantile.ofSorted(sorted, at: 0.99), firstTokenSeconds: waits / count,
      busyShares: loads.map { makespanSeconds > 0 ? $0.busySeconds / makespanSeconds : 0 },
      requestShares: loads.map { Double($0.requests) / count })
  }
}

/// What a server did in a simulation.
public struct RouteServerLoad: Sendable, Equatable {
  /// The place of its configuration in the fleet's methods.
  public var method: Int
  public var requests = 0
  /// Seconds in iterations.
  public var busySeconds = 0.0
  /// Decode steps, and the sum of the requests in them.
  public var steps = 0
  public var runningSteps = 0

  public init(method: Int) { self.method = method }

  /// Requests that decoded together on average; nil without decode steps.
  public var meanBatch: Double? { steps > 0 ? Double(runningSteps) / Double(steps) : nil }
}

/// Latencies of a simulation in four numbers, and the load of each server.
public struct RouteSummary: Sendable, Equatable {
  public var requests: Int
  /// End-to-end time.
  public var meanSeconds: Double
  public var medianSeconds: Double
  public var p99Seconds: Double
  /// Mean time to the first token.
  public var firstTokenSeconds: Double
  /// Share of the time from the first arrival to the last token that each server spent in iterations. // [servers]
  public var busyShares: [Double]
  /// Share of the requests that each server got. // [servers]
  public var requestShares: [Double]
}
