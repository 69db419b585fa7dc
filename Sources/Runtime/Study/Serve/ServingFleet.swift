import Foundation

/// Servers in this process, each an engine with threads of its own over the same weights.
public final class ServingFleet {
  private let engines: [ServingEngine]
  private let cancellation: Cancellation

  /// - Parameter threads: of each server, at least 1.
  public init(
    _ engine: BatchEngine, servers: Int, threads: Int, sampling: Sampling, cancellation: Cancellation
  ) {
    engines = (0..<max(1, servers)).map { _ in
      ServingEngine(engine, threads: max(1, threads), sampling: sampling, cancellation: cancellation)
    }
    self.cancellation = cancellation
  }

  public var servers: Int { engines.count }

  /// Serves every request of a workload as it arrives by the clock on the wall.
  ///
  /// The router is the calling thread: it sleeps until a request arrives, asks the policy on the servers' state at that
  /// moment, and lets the chosen one know. Each server answers with as many tokens as the workload says.
  ///
  /// - Parameters:
  ///   - requests: the prompts, in the order of the workload.
  ///   - compressors: in the order of the fleet's methods.
  ///   - onWait: told every moment how many requests are answered.
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 (numbers), K630 (a fleet, a workload and prompts that do not fit
  ///   together), K635; what a policy of one's own throws.
  public func serve(
    _ requests: [GenerationRequest], _ compressors: [Compressor], _ workload: RouteWorkload, _ fleet: RouteFleet,
    policy: RoutePolicy, onWait: (_ answered: Int) -> Void = { _ in }
  ) throws -> ServedRun {
    try check(requests, compressors, workload, fleet)
    let clock = ServingClock()
    let servers = zip(engines, fleet.serverMethods).map { engine, method in
      ServingServer(
        engine, compressors[method], method: method, requests, workload, fleet,
        countsPrefill: policy.countsPrefill, clock)
    }
    for server in servers { Self.start { server.serve() } }
    var chosen: [Int] = []
    do {
      func wait(_ seconds: Double) throws {
        onWait(servers.reduce(0) { $0 + $1.finishedRequests })
        try cancellation.check()
        for server in servers { if let problem = server.problem { throw problem } }
        if seconds > 0 { Thread.sleep(forTimeInterval: min(seconds, Self.wakeSeconds)) }
      }
      for (request, arrival) in workload.arrivalSeconds.enumerated() {
        try wait(0)
        while clock.seconds < arrival { try wait(arrival - clock.seconds) }
        let place = try policy.choice(among: servers.count) { servers[$0].candidate(request, place: $0) }
        chosen.append(place)
        servers[place].enqueue(request)
      }
      for server in servers { server.close() }
      for server in servers { while !server.waitForEnd(seconds: Self.wakeSeconds) { try wait(0) } }
      try wait(0)
    } catch {
      for server in servers { server.stop() }
      for server in servers { while !server.waitForEnd(seconds: 1) {} }
      throw error
    }
    return run(servers, chosen, workload)
  }

  /// How long the router sleeps at most before it looks whether the user or a server has ended the work.
  private static let wakeSeconds = 0.05

  static func start(_ work: @escaping @Sendable () -> Void) {
    let thread = Thread(block: work)
    // What runs in a server may be a policy of the language, whose evaluation nests.
    thread.stackSize = 8 << 20
    thread.start()
  }

  private func run(_ servers: [ServingServer], _ chosen: [Int], _ workload: RouteWorkload) -> ServedRun {
    let records = servers.map(\.record)
    let times = chosen.enumerated().map { records[$1].times[$0] ?? ServingServer.Times() }
    return ServedRun(
      result: RouteResult(
        servers: chosen, arrivalSeconds: workload.arrivalSeconds, firstTokenSeconds: times.map(\.firstToken),
        finishSeconds: times.map(\.finish), loads: records.map(\.load)),
      startSeconds: times.map(\.start), tokens: times.map(\.tokens), order: records.map(\.order))
  }

  // MARK: Memory

  /// Refuses what the machine's memory would not hold with all servers at work, each as full as it gets.
  ///
  /// A text is at one server at a time: of each configuration's texts the largest are dealt out over its servers. One that
  /// servers of both configurations may get counts for each, as the router is free to send it to either.
  ///
  /// - Parameters:
  ///   - texts: what the servers of a configuration may be sent. // [compressors]
  ///   - serverMethods: the place in `compressors` of each server's. // [servers]
  ///   - batchLimit: sequences of one server at once.
  /// - Throws: `RuntimeProblem` K607, K630.
  public func checkMemory(
    _ texts: [[MemoryForecast.Text]], _ compressors: [Compressor], serverMethods: [Int], batchLimit: Int
  ) throws {
    try check(serverMethods, compressors)
    guard texts.count == compressors.count else {
      throw RouteProblems.setting("texts of \(texts.count) configurations", "\(compressors.count)")
    }
    let forecasts = compressors.indices.flatMap { method -> [MemoryForecast] in
      let servers = zip(engines, serverMethods).filter { $0.1 == method }.map(\.0)
      guard let first = servers.first else { return [] }
      let largest = texts[method].map { (text: $0, bytes: first.cacheBytes($0, compressors[method])) }
        .sorted { ($0.bytes, $0.text.tokens) > ($1.bytes, $1.text.tokens) }.map(\.text)
      return servers.enumerated().compactMap { place, server in
        let own = stride(from: place, to: largest.count, by: servers.count).map { largest[$0] }
        return own.isEmpty ? nil : server.forecast(own, compressors[method], batch: batchLimit)
      }
    }
    try MemoryForecast(together: forecasts).check(availableBytes: engines.first?.availableBytes)
  }

  private func check(_ serverMethods: [Int], _ compressors: [Compressor]) throws {
    guard serverMethods.count == engines.count, serverMethods.allSatisfy(compressors.indices.contains) else {
      throw RouteProblems.setting("\(serverMethods.count) servers on \(engines.count) engines", "as many")
    }
  }

  private func check(
    _ requests: [GenerationRequest], _ compressors: [Compressor], _ workload: RouteWorkload, _ fleet: RouteFleet
  ) throws {
    guard fleet.serverMethods.count == engines.count else {
      throw RouteProblems.setting("\(fleet.serverMethods.count) servers on \(engines.count) engines", "as many")
    }
    guard requests.count == workload.count, zip(requests, workload.promptTokens).allSatisfy({ $0.prompt.count == $1 })
    else {
      throw RouteProblems.setting("prompts that are not those of the workload", "one prompt for each request")
    }
    guard fleet.methods.count == compressors.count, workload.responseTokens.count >= compressors.count else {
      throw RouteProblems.setting("a workload without lengths of a configuration", "lengths for every configuration")
    }
  }

  // MARK: Calibration

  /// Times the iterations of the servers of a fleet, all of them at work at the same time, as the cores and the way to
  /// memory are shared when they serve.
  ///
  /// Every server visits the grid's lengths `grid.rounds` times and goes on until the last one has; a place's time is the
  /// median over the visits of all servers of a configuration.
  ///
  /// - Parameters:
  ///   - serverMethods: the place in `compressors` of each server's. // [servers]
  ///   - onWait: told every moment which share of the visits is done.
  /// - Returns: one profile a configuration, nil for one that no server runs. // [compressors]
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (context), K630.
  public func calibrate(
    _ compressors: [Compressor], serverMethods: [Int], _ grid: ProfileGrid, contextTokens: Int,
    onWait: (_ visits: Int) -> Void = { _ in }
  ) throws -> [ConfigurationProfile?] {
    try check(serverMethods, compressors)
    let longest = (grid.lengths.last ?? 0) + grid.stepsOfVisit
    guard longest <= contextTokens else {
      throw RuntimeProblem(
        "K603", seen: "\(grid.lengths.last ?? 0) tokens and \(grid.stepsOfVisit) steps behind them",
        expected: "\(contextTokens) at most, which is the model's context")
    }
    let calibration = ServingCalibration(grid, servers: engines.count)
    for (place, engine) in engines.enumerated() {
      let compressor = compressors[serverMethods[place]]
      Self.start { calibration.work(place, engine, compressor) }
    }
    while !calibration.waitForEnd(seconds: Self.wakeSeconds) {
      onWait(calibration.visitCount)
      if cancellation.isCancelled { calibration.stop() }
    }
    try cancellation.check()
    let visits = try calibration.visits()
    let layers = engines.first?.layers ?? 1
    return try compressors.indices.map { method in
      let own = serverMethods.indices.filter { serverMethods[$0] == method }
      return own.isEmpty
        ? nil : try ConfigurationProfile(own.flatMap { visits[$0] }, grid: grid, layers: layers)
    }
  }
}
