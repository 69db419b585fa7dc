/// What a real fleet did with a workload, on the clock of the arrivals.
public struct ServedRun: Sendable {
  /// Arrivals, first and last tokens, servers and loads, as a simulation finds them.
  public let result: RouteResult
  /// When the prefill that took each request began. // [requests]
  public let startSeconds: [Double]
  /// What was sampled for each request, the end of the turn included. // [requests]
  public let tokens: [[Int32]]
  /// The requests of each server as it took them. // [servers][requests of the server]
  public let order: [[Int]]
}
