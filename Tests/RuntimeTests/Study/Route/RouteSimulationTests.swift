import Testing

@testable import Runtime

/// The event simulation against the sheet's toy oracle, and against a second program that keeps no sums.
@Suite("Router: simulation") struct RouteSimulationTests {
  /// One line of the sheet's oracle; the finish times have six printed digits, the means eight.
  struct Oracle: Sendable {
    var methods: [Int]
    var policy: String
    var servers: [Int]
    var finish: [Double] = []
    var mean: Double
  }

  static let oracles = [
    Oracle(
      methods: [0, 0], policy: "baseline", servers: [0, 1, 0, 0, 1, 1, 1, 0],
      finish: [1.168506, 2.679240, 0.811485, 3.142746, 2.060398, 2.466118, 1.857256, 1.168506], mean: 1.74428188),
    Oracle(
      methods: [1, 1], policy: "baseline", servers: [0, 1, 0, 0, 1, 1, 1, 0],
      finish: [1.076942, 2.420983, 0.926039, 3.235049, 1.898509, 2.049306, 2.089535, 1.117209], mean: 1.67669639),
    Oracle(methods: [0, 1], policy: "throughput", servers: [1, 0, 1, 0, 1, 0, 1, 0], mean: 1.75874216),
    Oracle(methods: [0, 1], policy: "length", servers: [1, 1, 0, 0, 1, 1, 0, 1], mean: 1.58823042),
    Oracle(
      methods: [0, 1], policy: "both", servers: [1, 0, 0, 1, 1, 1, 0, 0],
      finish: [1.114586, 2.182621, 0.678790, 3.604453, 1.819452, 1.940312, 1.543402, 1.135972], mean: 1.57744847),
  ]

  static func policy(_ name: String) throws -> RoutePolicy {
    try #require(RoutePolicy.named.first { $0.name == name })
  }

  @Test("the toy's servers, finish times and means are the sheet's to the printed digits", arguments: oracles)
  func toy(_ oracle: Oracle) throws {
    let result = try ToyFleet.simulation(oracle.methods, Self.policy(oracle.policy)).run(ToyFleet.workload())
    #expect(result.servers == oracle.servers)
    for (found, printed) in zip(result.finishSeconds, oracle.finish) { #expect(abs(found - printed) <= 0.5001e-6) }
    // One mean lies on the edge of rounding.
    #expect(abs(try result.summary().meanSeconds - oracle.mean) <= 1.01e-8)
  }

  @Test("a request alone has its prefill and L - 1 decode steps")
  func alone() throws {
    let one = try RouteWorkload(arrivalSeconds: [0], promptTokens: [100], responseTokens: [[20], [18]])
    let result = try ToyFleet.simulation([0], .baseline).run(one)
    #expect(abs(result.firstTokenSeconds[0] - 0.02) < 1e-12)
    #expect(abs(result.finishSeconds[0] - 0.59209) < 1e-12)
  }

  @Test("at a rate near 0 every request takes its prefill and its own steps", arguments: RoutePolicy.named.map(\.name))
  func slow(_ name: String) throws {
    var workload = try ToyFleet.workload()
    workload.arrivalSeconds = (0..<8).map { Double($0) * 1_000 }
    let result = try ToyFleet.simulation([0, 1], Self.policy(name)).run(workload)
    for request in 0..<8 {
      let method = result.servers[request]
      let times = [ToyTimes.plain, ToyTimes.compressed][method]
      let prompt = workload.promptTokens[request]
      var seconds = times.prefillSeconds(promptTokens: [prompt])
      for generated in 1..<workload.responseTokens[method][request] {
        seconds += times.decodeSeconds(batch: 1, meanCachedTokens: Double(prompt + generated))
      }
      #expect(abs(result.latencySeconds[request] - seconds) < 1e-9)
    }
  }

  @Test("one server: every policy gives the same result", arguments: [0, 1])
  func oneServer(method: Int) throws {
    let workload = try ToyFleet.workload()
    let first = try ToyFleet.simulation([method], .baseline).run(workload)
    for policy in RoutePolicy.named {
      let other = try ToyFleet.simulation([method], policy).run(workload)
      #expect(other.finishSeconds == first.finishSeconds && other.firstTokenSeconds == first.firstTokenSeconds)
    }
  }

  @Test("a policy of one's own that asks for the end-to-end time is `both`; one without a number is K635")
  func custom() throws {
    let workload = try ToyFleet.workload()
    let both = try ToyFleet.simulation([0, 1], .both).run(workload)
    let own = RoutePolicy.custom(name: "own") { $0.endToEndSeconds }
    #expect(try ToyFleet.simulation([0, 1], own).run(workload).finishSeconds == both.finishSeconds)
    let first = RoutePolicy.custom(name: "first") { Double($0.server) }
    #expect(try ToyFleet.simulation([0, 1], first).run(workload).servers == Array(repeating: 0, count: 8))
    let bad = RoutePolicy.custom(name: "bad") { _ in .nan }
    #expect(throws: RuntimeProblem.self) { try ToyFleet.simulation([0, 1], bad).run(workload) }
    #expect(routeCode { try ToyFleet.simulation([0, 1], bad).run(workload) } == "K635")
  }

  @Test(
    "sums that follow requests as they come and go give what counting anew at every event gives",
    arguments: [(1, 64, Int?.none), (2, 4, nil), (3, 3, 40), (4, 64, 128), (5, 1, 8), (6, 7, 1)]
      as [(UInt64, Int, Int?)])
  func plainTwin(seed: UInt64, batchLimit: Int, cacheLimit: Int?) throws {
    var times = ToyTimes.compressed
    times.cacheLimitTokens = cacheLimit
    let fleet = try RouteFleet(
      methods: [("fp16", ToyTimes.plain), ("cs", times)], serverMethods: [0, 1, 1], batchLimit: batchLimit,
      prefillLimitTokens: 300)
    var generator = SplitMix64(seed: seed)
    let count = 120
    var arrivals = (0..<count).map { _ in generator.uniform() * 20 }.sorted()
    // Requests that arrive together, and tokens from the least on.
    arrivals[7] = arrivals[6]
    func tokens(_ most: Double) -> [Int] { (0..<count).map { _ in 1 + Int(generator.uniform() * most) } }
    let workload = try RouteWorkload(
      arrivalSeconds: arrivals, promptTokens: tokens(90), responseTokens: [tokens(60), tokens(60)])
    for policy in RoutePolicy.named {
      let found = try RouteSimulation(fleet: fleet, policy: policy).run(workload)
      let plain = PlainRouter.run(fleet, policy.name, workload)
      #expect(found.servers == plain.servers, "\(policy.name)")
      for (a, b) in zip(found.finishSeconds, plain.finish) { #expect(abs(a - b) < 1e-6) }
      for (a, b) in zip(found.firstTokenSeconds, plain.firstTokens) { #expect(abs(a - b) < 1e-6) }
    }
  }

  @Test("bad workloads and fleets are K630")
  func hostile() throws {
    #expect(routeCode { try ToyFleet.simulation([], .both) } == "K630")
    #expect(routeCode { try ToyFleet.simulation([0, 2], .both) } == "K630")
    #expect(routeCode { try ToyFleet.simulation([0], .both, batchLimit: 0) } == "K630")
    func workload(_ arrivals: [Double], _ prompts: [Int], _ lengths: [Int], _ predicted: [Double]? = nil) -> String? {
      routeCode {
        try RouteWorkload(
          arrivalSeconds: arrivals, promptTokens: prompts, responseTokens: [lengths],
          predictedTokens: predicted.map { [$0] })
      }
    }
    #expect(workload([0, 1], [1], [1, 1]) == "K630")
    #expect(workload([1, 0], [1, 1], [1, 1]) == "K630")
    #expect(workload([0], [0], [1]) == "K630")
    #expect(workload([0], [1], [0]) == "K630")
    #expect(workload([0], [Int.max], [1]) == "K630")
    #expect(workload([0], [1], [1], [-1]) == "K630")
    #expect(workload([0], [1], [1], [.nan]) == "K630")
    #expect(workload([.infinity], [1], [1]) == "K630")
    let short = try RouteWorkload(arrivalSeconds: [0], promptTokens: [1], responseTokens: [[1]])
    #expect(routeCode { try ToyFleet.simulation([0, 1], .both).run(short) } == "K630")
    let empty = try RouteWorkload(arrivalSeconds: [], promptTokens: [], responseTokens: [[], []])
    #expect(try ToyFleet.simulation([0, 1], .both).run(empty).finishSeconds.isEmpty)
    #expect(routeCode { try ToyFleet.simulation([0, 1], .both).run(empty).summary() } == "K620")
  }

  @Test("a simulation ends where it is asked to")
  func cancelled() throws {
    let flag = Cancellation()
    flag.cancel()
    let workload = try SyntheticWorkload(requests: 5_000).workload().choosing(methods: [0, 1])
    #expect(throws: CancellationError.self) {
      try ToyFleet.simulation([0, 1], .both).run(workload, cancellation: flag)
    }
  }
}

/// The code of the problem that `work` throws.
func routeCode<T>(_ work: () throws -> T) -> String? {
  do {
    _ = try work()
    return nil
  } catch {
    return (error as? RuntimeProblem)?.code
  }
}
