/// The servers of a simulation: which configuration each runs, and how iterations are put together.
public struct RouteFleet: Sendable {
  /// The configurations by name, with their times.
  public let methods: [(name: String, times: any ServiceTimes)]
  /// The place in `methods` of each server's. // [servers]
  public let serverMethods: [Int]
  /// Requests that decode together at most (B_max).
  public let batchLimit: Int
  /// Prompt tokens of one prefill iteration at most, unless one prompt alone has more.
  public let prefillLimitTokens: Int

  /// - Throws: K630 for a fleet without servers, a method that is not there, or a limit below 1.
  public init(
    methods: [(name: String, times: any ServiceTimes)], serverMethods: [Int], batchLimit: Int = 64,
    prefillLimitTokens: Int = 4_096
  ) throws {
    guard !serverMethods.isEmpty, serverMethods.allSatisfy(methods.indices.contains) else {
      throw RouteProblems.setting("\(serverMethods.count) servers", "at least one, each with a configuration")
    }
    guard batchLimit >= 1, prefillLimitTokens >= 1 else {
      throw RouteProblems.setting(
        batchLimit < 1 ? "b_max=\(batchLimit)" : "max_prefill=\(prefillLimitTokens)", "at least 1")
    }
    self.methods = methods
    self.serverMethods = serverMethods
    self.batchLimit = batchLimit
    self.prefillLimitTokens = prefillLimitTokens
  }
}
