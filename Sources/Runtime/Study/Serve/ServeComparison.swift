/// One policy at one rate, served for real and simulated: the same requests at the same moments.
public struct ServeComparison: Sendable {
  /// [seeds]
  public let served: [ServedRun]
  /// [seeds]
  public let simulated: [RouteResult]
  public let measurement: RouteStudy
  public let simulation: RouteStudy

  /// - Parameter capacity: requests a second that the simulated fleet can finish.
  /// - Throws: K620 for a run without requests.
  public init(
    policy: String, rate: Double, capacity: Double, served: [ServedRun], simulated: [RouteResult]
  ) throws {
    self.served = served
    self.simulated = simulated
    measurement = RouteStudy(
      policy: policy, rate: rate, capacity: capacity, summaries: try served.map { try $0.result.summary() })
    simulation = RouteStudy(
      policy: policy, rate: rate, capacity: capacity, summaries: try simulated.map { try $0.summary() })
  }

  /// How far the simulated number lies above the measured one, as a share of it; the mean over the seeds.
  ///
  /// - Throws: K620 without seeds, K621 for a measured number of 0.
  public func error(_ number: (RouteSummary) -> Double) throws -> IntervalEstimate {
    try IntervalEstimate.mean(
      of: zip(simulation.summaries, measurement.summaries).map { number($0) / number($1) - 1 })
  }

  /// Share of all requests that the simulation sends to the server that had them.
  public var sameServerShare: Double {
    let pairs = zip(served, simulated).flatMap { zip($0.result.servers, $1.servers) }
    return pairs.isEmpty ? 0 : Double(pairs.count { $0 == $1 }) / Double(pairs.count)
  }
}
