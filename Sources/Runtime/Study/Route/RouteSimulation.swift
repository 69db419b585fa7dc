/// The discrete-event simulation of a fleet behind a router.
///
/// Iterations end before requests arrive at the same time, lower servers first; a request is routed on the state as it
/// arrives. Prefills go first, nothing is mixed or preempted. Source: sheet router.
public struct RouteSimulation {
  public let fleet: RouteFleet
  public let policy: RoutePolicy

  public init(fleet: RouteFleet, policy: RoutePolicy) {
    self.fleet = fleet
    self.policy = policy
  }

  /// Runs every request of a workload.
  ///
  /// - Throws: K630 for a workload without a fleet's method, K635 from a policy's cost, what a policy of one's own throws,
  ///   `CancellationError`.
  public func run(_ workload: RouteWorkload, cancellation: Cancellation? = nil) throws -> RouteResult {
    var state = try RouteState(self, workload, cancellation)
    return try state.run()
  }

  /// Requests a second that the fleet finishes under this policy when there is always another one: `population` are in the
  /// system at all times, the next one comes as one leaves.
  ///
  /// Requests of the workload come over and over. The rise from the empty fleet and the end are left out.
  func saturatedRate(
    _ workload: RouteWorkload, requests: Int, population: Int, cancellation: Cancellation? = nil
  ) throws -> Double {
    guard workload.count > 0 else { return 0 }
    let repeated = workload.repeated(to: requests)
    var state = try RouteState(self, repeated, cancellation, population: population)
    let finished = try state.run().finishSeconds.sorted()
    let first = requests * 3 / 10
    let last = max(first + 1, requests - population)
    guard last < finished.count, finished[last] > finished[first] else { return .infinity }
    return Double(last - first) / (finished[last] - finished[first])
  }
}

/// A simulation as it runs.
private struct RouteState {
  let simulation: RouteSimulation
  let workload: RouteWorkload
  let cancellation: Cancellation?
  /// The next request comes as one leaves, not at its own time.
  let isClosed: Bool
  var arrivals: [Double]
  /// Requests whose time of arrival is known.
  var released: Int
  var servers: [RouteServer]
  var chosen: [Int]
  var firstTokens: [Double]
  var finishes: [Double]

  init(
    _ simulation: RouteSimulation, _ workload: RouteWorkload, _ cancellation: Cancellation?, population: Int? = nil
  ) throws {
    guard simulation.fleet.serverMethods.allSatisfy(workload.responseTokens.indices.contains) else {
      throw RouteProblems.setting("a workload without lengths of a configuration", "lengths for every configuration")
    }
    self.simulation = simulation
    self.workload = workload
    self.cancellation = cancellation
    isClosed = population != nil
    arrivals = workload.arrivalSeconds
    released = workload.count
    if let population {
      released = min(population, workload.count)
      for place in arrivals.indices { arrivals[place] = 0 }
    }
    servers = simulation.fleet.serverMethods.map {
      RouteServer(
        method: $0, times: simulation.fleet.methods[$0].times, countsPrefill: simulation.policy.countsPrefill)
    }
    chosen = Array(repeating: 0, count: workload.count)
    firstTokens = Array(repeating: 0, count: workload.count)
    finishes = Array(repeating: 0, count: workload.count)
  }

  mutating func run() throws -> RouteResult {
    var arrived = 0
    var events = 0
    while true {
      events &+= 1
      if events & 0xFFF == 0, let cancellation, cancellation.isCancelled { throw CancellationError() }
      var next = -1
      var time = Double.infinity
      for place in servers.indices where servers[place].endSeconds < time {
        next = place
        time = servers[place].endSeconds
      }
      if arrived < released, arrivals[arrived] < time {
        try arrive(arrived)
        arrived += 1
      } else if next >= 0 {
        end(next, at: time)
      } else {
        break
      }
    }
    return RouteResult(
      servers: chosen, arrivalSeconds: arrivals, firstTokenSeconds: firstTokens, finishSeconds: finishes,
      loads: servers.map(\.load))
  }

  private mutating func arrive(_ request: Int) throws {
    let server = try choice(request)
    chosen[request] = server
    servers[server].enqueue(request, prompt: workload.promptTokens[request])
    if servers[server].phase == .idle {
      servers[server].start(at: arrivals[request], prompts: workload.promptTokens, fleet: simulation.fleet)
    }
  }

  private func choice(_ request: Int) throws -> Int {
    try simulation.policy.choice(among: servers.count) { place in
      servers[place].candidate(request, place: place, workload, simulation.fleet)
    }
  }

  private mutating func end(_ place: Int, at now: Double) {
    let prompts = workload.promptTokens
    let responses = workload.responseTokens[servers[place].method]
    if servers[place].phase == .prefill {
      for request in servers[place].endPrefill(prompts: prompts, responses: responses) {
        firstTokens[request] = now
        if responses[request] == 1 { finish(request, at: now) }
      }
    } else {
      var done: [Int] = []
      servers[place].endDecode(prompts: prompts, responses: responses) { done.append($0) }
      for request in done { finish(request, at: now) }
    }
    servers[place].start(at: now, prompts: prompts, fleet: simulation.fleet)
  }

  private mutating func finish(_ request: Int, at now: Double) {
    finishes[request] = now
    if isClosed, released < workload.count {
      arrivals[released] = now
      released += 1
    }
  }
}
