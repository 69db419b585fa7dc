extension RouteSimulation {
  /// Requests a second that the fleet can finish under this policy: what it finishes when there is always another one.
  ///
  /// The workload's requests come over and over, the next one as one leaves, so that twice as many are in the system as
  /// can decode together. Above this rate the queue grows for as long as requests come, and a mean over them says no more
  /// than how many were sent.
  ///
  /// - Throws: as `run`.
  public func capacity(_ workload: RouteWorkload, cancellation: Cancellation? = nil) throws -> Double {
    let places = fleet.serverMethods.count * fleet.batchLimit
    let population = 2 * places
    // Twenty rounds of all places tell the rate within about 2 %; a fleet of very many places gets fewer.
    let requests = max(min(20 * places, 200_000), 2 * population)
    return try saturatedRate(workload, requests: requests, population: population, cancellation: cancellation)
  }
}
