import Lang
import Runtime

/// The settings of one `serve-study`.
struct ServeOptions {
  /// What a study gives a row for.
  enum Row: String, CaseIterable {
    case policy, request, calibration
  }

  let run: RunOptions
  /// Arrivals a second, or shares of the least capacity.
  private let rates: [Double]
  private let loads: [Double]
  let seeds: [UInt64]
  let predictionError: Double
  let servers: Int
  let plainServers: Int
  let threads: Int
  let batchLimit: Int
  let prefillLimitTokens: Int
  let rounds: Int
  let isFinite: Bool
  let row: Row

  static let defaultRequests = 24

  static let parameters =
    [
      Parameter(
        "rate", .value(.number), range: 1e-6...1e6, doc: "Arrivals a second, instead of load; several are a sweep.",
        sweepable: true),
      Parameter(
        "load", .value(.union([.number, .share])), default: .share(0.6), range: 1e-3...10,
        doc: "Arrivals as a share of what the slowest of the policies can finish, as simulated.", sweepable: true),
      Parameter("servers", .int, default: .int(2), range: 2...64, doc: "Servers in this process."),
      Parameter(
        "fp16", .int, default: .int(1), range: 0...64,
        doc: "How many of them run the uncompressed cache; with policy=baseline all run one configuration."),
      Parameter("threads", .int, default: .int(1), range: 1...1_024, doc: "Threads of each server."),
      Parameter("b_max", .int, default: .int(8), range: 1...256, doc: "Requests that decode together at most."),
      Parameter("max_prefill", .int, default: .int(4_096), range: 1...1e6, doc: "Prompt tokens of a prefill at most."),
      Parameter("max", .int, default: .int(128), range: 1...65_536, doc: "Most new tokens of an answer."),
      Parameter(
        "seed", .int, default: .int(0), range: 0...4_294_967_295,
        doc: "Choice of samples, the noise all configurations share, and arrivals."),
      Parameter(
        "seeds", .int, default: .int(1), range: 1...1_000,
        doc: "How many times each policy serves, under other arrivals; means get an interval."),
      Parameter(
        "rounds", .int, default: .int(2), range: 1...100, doc: "Visits of each length while the servers are calibrated."
      ),
      Parameter(
        "per", .choice(Row.allCases.map(\.rawValue)), default: .string(Row.policy.rawValue),
        doc: "What a row is for; calibration serves nothing."),
    ] + RouteOptions.parameters.filter { ["eps", "finite"].contains($0.name) }
    + RunOptions.parameters.filter { ["temperature", "top_p", "top_k", "chat"].contains($0.name) }

  init(_ call: Call, for card: DatasetCard) throws {
    let seed = UInt64(max(0, try call.int("seed")))
    var options = RunOptions(
      maxTokens: try call.int("max"),
      sampling: Sampling(
        temperature: call.isGiven("temperature")
          ? try call.float("temperature") : try card.temperature ?? call.float("temperature"),
        topP: try call.float("top_p"), topK: try call.int("top_k"), seed: seed), batch: 8)
    switch try call.name("chat") {
    case "on": options.chat = true
    case "off": options.chat = false
    default: options.chat = card.chat
    }
    run = options
    rates = call.isGiven("rate") ? call.values("rate").compactMap(\.asDouble) : []
    loads = call.values("load").compactMap { if case .share(let share) = $0 { share } else { $0.asDouble } }
    seeds = (0..<UInt64(max(1, try call.int("seeds")))).map { seed &+ $0 }
    predictionError = try call.float("eps")
    servers = try call.int("servers")
    plainServers = try call.int("fp16")
    threads = try call.int("threads")
    batchLimit = try call.int("b_max")
    prefillLimitTokens = try call.int("max_prefill")
    rounds = try call.int("rounds")
    isFinite = try call.bool("finite")
    row = Row(rawValue: try call.name("per")) ?? .policy
    guard plainServers <= servers else {
      throw Problem(
        "K630", seen: "fp16=\(plainServers) of \(servers) servers", expected: "at most as many as there are servers",
        labels: [.init(call.span(of: call.isGiven("fp16") ? "fp16" : "servers"))])
    }
    guard rates.isEmpty || !call.isGiven("load") else {
      throw Problem(
        "K690", seen: "rate= and load= in one study", expected: "one of them: both say how often requests arrive",
        suggestion: "leave load= out", labels: [.init(call.span(of: "load"))])
    }
  }

  /// Arrivals a second of a fleet that can finish this many.
  ///
  /// - Throws: `Problem` K691 for a capacity that no rate can be a share of.
  func rates(capacity: Double, _ call: Call) throws -> [Double] {
    rates.isEmpty ? try Self.rates(loads: loads, capacity: capacity, at: call.span) : rates
  }

  static func rates(loads: [Double], capacity: Double, at span: Span?) throws -> [Double] {
    guard capacity.isFinite, capacity > 0 else {
      throw Problem(
        "K691", seen: "the servers' calibration gives no capacity that load= could be a share of",
        expected: "service times above 0", suggestion: "name the arrivals: rate=1",
        labels: span.map { [.init($0)] } ?? [])
    }
    return loads.map { $0 * capacity }
  }

  func serverMethods(_ policy: RoutePolicy, isPlain: Bool) -> [Int] {
    RouteOptions.serverMethods(policy, isPlain: isPlain, servers: servers, plain: plainServers)
  }
}
