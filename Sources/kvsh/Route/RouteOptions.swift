import Lang
import Runtime

/// The settings of one `route`.
struct RouteOptions {
  let rates: [Double]
  let seeds: [UInt64]
  let requests: Int
  let predictionError: Double
  let servers: Int
  let plainServers: Int
  let batchLimit: Int
  let prefillLimitTokens: Int
  let isFinite: Bool

  static let parameters = [
    Parameter(
      "rate", .value(.number), default: .float(10), range: 1e-6...1e6, doc: "Arrivals a second; several are a sweep.",
      sweepable: true),
    Parameter("n", .int, default: .int(1_000), range: 1...10_000_000, doc: "Requests."),
    Parameter(
      "seed", .int, default: .int(1), range: 0...1e15, doc: "Of arrivals, prompts, lengths and their prediction."),
    Parameter(
      "seeds", .int, default: .int(1), range: 1...1_000, doc: "How many seeds, from `seed` on; means get an interval."),
    Parameter(
      "eps", .value(.number), default: .float(0), range: 0...10,
      doc: "Spread of the length predictor: 0 is perfect, 0.12 about 90 % accuracy."),
    Parameter("servers", .int, default: .int(4), range: 1...1_024, doc: "Servers."),
    Parameter(
      "fp16", .int, default: .int(1), range: 0...1_024,
      doc: "How many of them run the uncompressed cache; with policy=baseline all run one configuration."),
    Parameter("b_max", .int, default: .int(64), range: 1...4_096, doc: "Requests that decode together at most."),
    Parameter("max_prefill", .int, default: .int(4_096), range: 1...1e6, doc: "Prompt tokens of a prefill at most."),
    Parameter(
      "finite", .bool, default: .bool(false),
      doc: "The n requests are all there will be: a mean even where the queue would grow without end."),
  ]

  init(_ call: Call) throws {
    rates = call.values("rate").compactMap(\.asDouble)
    let first = UInt64(max(0, try call.int("seed")))
    seeds = (0..<UInt64(max(1, try call.int("seeds")))).map { first &+ $0 }
    requests = try call.int("n")
    predictionError = try call.float("eps")
    servers = try call.int("servers")
    plainServers = try call.int("fp16")
    batchLimit = try call.int("b_max")
    prefillLimitTokens = try call.int("max_prefill")
    isFinite = try call.bool("finite")
    guard plainServers <= servers else {
      throw Problem(
        "K630", seen: "fp16=\(plainServers) of \(servers) servers", expected: "at most as many as there are servers",
        labels: [.init(call.span(of: call.isGiven("fp16") ? "fp16" : "servers"))])
    }
  }

  /// The configuration of each server: 0 the uncompressed, 1 the compressed one.
  func serverMethods(_ policy: RoutePolicy, isPlain: Bool) -> [Int] {
    Self.serverMethods(policy, isPlain: isPlain, servers: servers, plain: plainServers)
  }

  static func serverMethods(_ policy: RoutePolicy, isPlain: Bool, servers: Int, plain: Int) -> [Int] {
    if isPlain { return Array(repeating: 0, count: servers) }
    if case .baseline = policy { return Array(repeating: 1, count: servers) }
    return (0..<servers).map { $0 < plain ? 0 : 1 }
  }
}
