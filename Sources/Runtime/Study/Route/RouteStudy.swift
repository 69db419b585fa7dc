/// One policy at one arrival rate over several seeds.
public struct RouteStudy: Sendable {
  public let policy: String
  /// Arrivals a second.
  public let rate: Double
  /// Requests a second that the fleet can finish.
  public let capacity: Double
  /// What each seed's simulation found. // [seeds]
  public let summaries: [RouteSummary]

  public init(policy: String, rate: Double, capacity: Double, summaries: [RouteSummary]) {
    self.policy = policy
    self.rate = rate
    self.capacity = capacity
    self.summaries = summaries
  }

  /// More arrives than can be finished, so that the queue grows without end.
  public var diverges: Bool { rate > capacity }

  /// The mean of one number over the seeds, with its interval.
  ///
  /// - Throws: K620 without seeds.
  public func estimate(_ number: (RouteSummary) -> Double) throws -> IntervalEstimate {
    try IntervalEstimate.mean(of: summaries.map(number))
  }

  /// The mean over the seeds of a number of each server. // [servers]
  public func perServer(_ numbers: (RouteSummary) -> [Double]) -> [Double] {
    guard let first = summaries.first else { return [] }
    return numbers(first).indices.map { server in
      summaries.reduce(0) { $0 + numbers($1)[server] } / Double(summaries.count)
    }
  }
}
