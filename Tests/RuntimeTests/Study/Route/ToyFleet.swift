@testable import Runtime

/// The router sheet's toy: two configurations whose times are a formula.
struct ToyTimes: ServiceTimes {
  let bytesPerToken: Double
  let slope: Double
  var cacheLimitTokens: Int? = nil

  static let plain = ToyTimes(bytesPerToken: 1, slope: 1e-6)
  static let compressed = ToyTimes(bytesPerToken: 0.3, slope: 3e-7)

  func prefillSeconds(promptTokens: [Int]) -> Double { 0.0002 * Double(promptTokens.reduce(0, +)) }

  func decodeSeconds(batch: Int, meanCachedTokens: Double) -> Double {
    0.030 + 0.010 * Double(batch - 1) + slope * Double(batch) * meanCachedTokens
  }
}

/// The toy's eight requests on its servers.
enum ToyFleet {
  static func workload() throws -> RouteWorkload {
    try RouteWorkload(
      arrivalSeconds: [0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35],
      promptTokens: [100, 400, 50, 800, 200, 100, 300, 64],
      responseTokens: [[20, 50, 10, 80, 30, 40, 25, 15], [18, 45, 12, 85, 27, 30, 30, 14]])
  }

  /// - Parameter methods: 0 is plain, 1 compressed, one number a server.
  static func simulation(_ methods: [Int], _ policy: RoutePolicy, batchLimit: Int = 64) throws -> RouteSimulation {
    let fleet = try RouteFleet(
      methods: [("fp16", ToyTimes.plain), ("cs", ToyTimes.compressed)], serverMethods: methods, batchLimit: batchLimit)
    return RouteSimulation(fleet: fleet, policy: policy)
  }
}
