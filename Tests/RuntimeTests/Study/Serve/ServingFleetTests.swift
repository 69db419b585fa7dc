import Testing

@testable import Runtime

/// Real servers over a small model: who serves what, in which order, with which tokens; never how fast.
@Suite("Serving fleet") struct ServingFleetTests {
  static let tiny = TinyModel(kvHeads: 2, groupHeads: 2, contextTokens: 160, seed: 91)
  static let model = Result { try tiny.model(.f32) }
  static let sampling = Sampling(temperature: 1, seed: 5)
  static let count = 24

  /// Toy times a hundred thousand times as fast, so that policies see differences and nobody waits.
  private static func fleet(_ methods: [Int], batchLimit: Int = 4) throws -> RouteFleet {
    try RouteFleet(
      methods: [("fp16", ToyTimes.plain), ("kivi", ToyTimes.compressed)], serverMethods: methods,
      batchLimit: batchLimit,
      prefillLimitTokens: 40)
  }

  private static func requests() -> [GenerationRequest] {
    (0..<count).map { GenerationRequest(sample: "\($0)", prompt: tiny.text(4 + $0 % 7, seed: $0), maxTokens: 1) }
  }

  private static func workload(gap: Double) throws -> RouteWorkload {
    try RouteWorkload(
      arrivalSeconds: (0..<count).map { Double($0) * gap }, promptTokens: requests().map(\.prompt.count),
      responseTokens: [(0..<count).map { 1 + $0 % 5 }, (0..<count).map { 1 + ($0 + 2) % 6 }])
  }

  static func compressors() throws -> [Compressor] {
    [.none, try Compressor.of("kivi", ["bits": 4, "residual": 32])]
  }

  static func serving(_ servers: Int, _ cancellation: Cancellation = Cancellation()) throws -> ServingFleet {
    ServingFleet(
      try EngineTrial(model.get()).engine(), servers: servers, threads: 1, sampling: sampling,
      cancellation: cancellation)
  }

  @Test(
    "every request is served once, by the server that the policy names, first come first served",
    arguments: [1, 2, 4], [0, 0.002])
  func everyRequestOnce(batchLimit: Int, gap: Double) throws {
    let workload = try Self.workload(gap: gap)
    let policy = RoutePolicy.custom(name: "third") { $0.server == $0.request % 3 ? 0 : 1 }
    let run = try Self.serving(3).serve(
      Self.requests(), Self.compressors(), workload, Self.fleet([0, 1, 1], batchLimit: batchLimit), policy: policy)
    #expect(run.result.servers == (0..<Self.count).map { $0 % 3 })
    // A server's prefills take its requests in the order in which they came, each once.
    for server in 0..<3 {
      #expect(run.order[server] == (0..<Self.count).filter { $0 % 3 == server })
      let load = run.result.loads[server]
      #expect(load.requests == Self.count / 3 && load.busySeconds > 0 && load.method == min(server, 1))
      #expect((load.meanBatch ?? 1) <= Double(batchLimit))
      let starts = run.order[server].map { run.startSeconds[$0] }
      #expect(starts == starts.sorted())
    }
    for request in 0..<Self.count {
      let method = min(request % 3, 1)
      #expect(run.tokens[request].count == workload.responseTokens[method][request])
      #expect(workload.arrivalSeconds[request] <= run.startSeconds[request])
      #expect(run.startSeconds[request] < run.result.firstTokenSeconds[request])
      let isOne = workload.responseTokens[method][request] == 1
      #expect(
        isOne
          ? run.result.firstTokenSeconds[request] == run.result.finishSeconds[request]
          : run.result.firstTokenSeconds[request] < run.result.finishSeconds[request])
    }
    #expect(try run.result.summary().requests == Self.count)
  }

  @Test("a served answer is the answer of a run: who decodes beside it changes nothing")
  func sameTokens() throws {
    let workload = try Self.workload(gap: 0)
    let policy = RoutePolicy.custom(name: "half") { $0.server == $0.request % 2 ? 0 : 1 }
    let methods = try Self.compressors()
    let run = try Self.serving(2).serve(Self.requests(), methods, workload, Self.fleet([0, 1]), policy: policy)
    for (method, compressor) in methods.enumerated() {
      var alone: [String: [Int32]] = [:]
      let own = Self.requests().enumerated().filter { $0.offset % 2 == method }.map { place, request in
        GenerationRequest(
          sample: request.sample, prompt: request.prompt, maxTokens: workload.responseTokens[method][place],
          ignoresEnd: true)
      }
      try EngineTrial(Self.model.get()).engine().run(
        own, compressor: compressor, sampling: Self.sampling, onFinish: { alone[$0.sample] = $0.tokens })
      #expect(alone.count == Self.count / 2)
      for (sample, tokens) in alone { #expect(run.tokens[Int(sample) ?? 0] == tokens, "request \(sample)") }
    }
  }

  @Test("policies of the paper see the servers' state: requests that come at once are spread by memory")
  func baseline() throws {
    let run = try Self.serving(2).serve(
      Self.requests(), Self.compressors(), Self.workload(gap: 0), Self.fleet([1, 1]), policy: .baseline)
    let sent = run.result.loads.map(\.requests)
    #expect(sent.reduce(0, +) == Self.count && sent.allSatisfy { $0 > 2 })
    #expect(run.result.servers[0] == 0)
  }

  @Test("work that the user ends, and a policy without a number, leave no thread at work")
  func ended() throws {
    let cancellation = Cancellation()
    let fleet = try Self.serving(2, cancellation)
    let (requests, compressors, route) = (Self.requests(), try Self.compressors(), try Self.fleet([0, 1]))
    #expect(throws: CancellationError.self) {
      try fleet.serve(requests, compressors, Self.workload(gap: 10), route, policy: .both) { _ in
        cancellation.cancel()
      }
    }
    cancellation.reset()
    let bad = RoutePolicy.custom(name: "bad") { $0.request == 3 ? .nan : 0 }
    #expect(
      routeCode { try fleet.serve(requests, compressors, Self.workload(gap: 0), route, policy: bad) } == "K635")
    // The same servers serve again.
    let run = try fleet.serve(requests, compressors, Self.workload(gap: 0), route, policy: .both)
    #expect(run.tokens.allSatisfy { !$0.isEmpty })
  }

  @Test("a problem in a server's thread is thrown where the fleet was asked to serve")
  func brokenModel() throws {
    let fleet = ServingFleet(
      try EngineTrial(NotFiniteTests.faulty(.nan).model(.f32)).engine(), servers: 2, threads: 1,
      sampling: Self.sampling,
      cancellation: Cancellation())
    let code = routeCode {
      try fleet.serve(
        Self.requests(), Self.compressors(), Self.workload(gap: 0), Self.fleet([0, 1]), policy: .both)
    }
    #expect(code == "K602")
  }

  @Test("prompts, workload, fleet and engines that do not fit together are K630")
  func hostile() throws {
    let (requests, compressors, workload) = (Self.requests(), try Self.compressors(), try Self.workload(gap: 0))
    let fleet = try Self.serving(2)
    let route = try Self.fleet([0, 1])
    #expect(
      routeCode { try fleet.serve(Array(requests.dropLast()), compressors, workload, route, policy: .both) } == "K630")
    #expect(routeCode { try fleet.serve(requests, [.none], workload, route, policy: .both) } == "K630")
    #expect(
      routeCode { try fleet.serve(requests, compressors, workload, Self.fleet([0]), policy: .both) } == "K630")
    var other = workload
    other.promptTokens[4] += 1
    #expect(routeCode { try fleet.serve(requests, compressors, other, route, policy: .both) } == "K630")
  }

  // MARK: Calibration

  @Test("a calibration has every place of its grid for each configuration that a server runs, from all its servers")
  func calibration() throws {
    let grid = try ProfileGrid(batches: [1, 2], lengths: [8, 20, 40], rounds: 2)
    let found = try Self.serving(3).calibrate(
      Self.compressors(), serverMethods: [0, 1, 1], grid, contextTokens: 160)
    for profile in found.compactMap({ $0 }) {
      let prefills = profile.points.filter { $0.stage == .prefill }
      #expect(prefills.map(\.tokens) == [8, 20, 40] && prefills.allSatisfy { $0.batch == 1 })
      #expect(profile.points.filter { $0.stage == .decoding }.map(\.batch) == [1, 2, 1, 2, 1, 2])
      #expect(profile.held.map(\.tokens) == [8, 20, 40])
      let times = try profile.serviceTimes()
      #expect(
        times.decodeSeconds(batch: 2, meanCachedTokens: 30) > 0 && times.prefillSeconds(promptTokens: [9, 30]) > 0)
      #expect(times.bytesPerToken > 0)
    }
    #expect(found.compactMap { $0 }.count == 2)
    // Two visits of each length by one server at least, by two at least twice as many; two prompts a visit.
    let prefills = found.map { $0?.points.first { $0.stage == .prefill }?.samples ?? 0 }
    #expect(prefills[0] >= 4 && prefills[1] >= 8)
    let plain = try Self.serving(2).calibrate(Self.compressors(), serverMethods: [0, 0], grid, contextTokens: 160)
    #expect(plain[0] != nil && plain[1] == nil)
  }

  @Test("a calibration that the user ends throws, one beyond the context is K603, one of other servers K630")
  func endedCalibration() throws {
    let cancellation = Cancellation()
    let fleet = try Self.serving(2, cancellation)
    let grid = try ProfileGrid(batches: [1, 2], lengths: [8, 20], rounds: 1)
    #expect(
      routeCode { try fleet.calibrate([.none], serverMethods: [0, 0], grid, contextTokens: 30) } == "K603")
    #expect(routeCode { try fleet.calibrate([.none], serverMethods: [0], grid, contextTokens: 160) } == "K630")
    let long = try ProfileGrid(batches: [1, 2], lengths: [8, 20], rounds: 100_000)
    #expect(throws: CancellationError.self) {
      try fleet.calibrate([.none], serverMethods: [0, 0], long, contextTokens: 160) { _ in cancellation.cancel() }
    }
  }

  @Test("a calibration's lengths reach from the shortest prompt to the longest answer's end, its batches to the limit")
  func grid() throws {
    let workload = try RouteWorkload(
      arrivalSeconds: [0, 0, 0], promptTokens: [50, 100, 400], responseTokens: [[10, 10, 100], [10, 10, 20]])
    let grid = try ProfileGrid.serving(workload, batchLimit: 6, rounds: 3, contextTokens: 2_048)
    #expect(grid.batches == [1, 2, 4] && grid.lengths == [50, 100, 400, 500] && grid.rounds == 3)
    #expect(try ProfileGrid.serving(workload, batchLimit: 64, rounds: 1, contextTokens: 2_048).batches == [1, 2, 4, 8])
    // Short prompts are longer than the largest batch, and nothing is longer than the context.
    let short = try RouteWorkload(arrivalSeconds: [0], promptTokens: [2], responseTokens: [[1]])
    #expect(try ProfileGrid.serving(short, batchLimit: 8, rounds: 1, contextTokens: 512).lengths == [9])
    #expect(try ProfileGrid.serving(workload, batchLimit: 1, rounds: 1, contextTokens: 128).lengths == [50, 100])
    #expect(routeCode { try ProfileGrid.serving(workload, batchLimit: 8, rounds: 1, contextTokens: 40) } == "K640")
  }

  // MARK: Comparison

  @Test(
    "the simulator's error is its number above the measured one, by seed, and shares of servers are of all requests")
  func comparison() throws {
    func result(_ servers: [Int], _ finish: [Double]) -> RouteResult {
      RouteResult(
        servers: servers, arrivalSeconds: [0, 0], firstTokenSeconds: [1, 1], finishSeconds: finish,
        loads: [RouteServerLoad(method: 0), RouteServerLoad(method: 1)])
    }
    func served(_ servers: [Int], _ finish: [Double]) -> ServedRun {
      ServedRun(
        result: result(servers, finish), startSeconds: [0, 0], tokens: [[], []], order: [[], []])
    }
    let comparison = try ServeComparison(
      policy: "both", rate: 2, capacity: 1, served: [served([0, 1], [2, 4]), served([0, 0], [4, 4])],
      simulated: [result([0, 1], [3, 6]), result([0, 1], [3, 3])])
    let error = try comparison.error(\.meanSeconds)
    #expect(abs(error.value - (0.5 - 0.25) / 2) < 1e-12)
    #expect(try #require(error.low) < error.value && #require(error.high) > error.value)
    #expect(comparison.sameServerShare == 0.75 && comparison.measurement.diverges)
    #expect(try comparison.measurement.estimate(\.meanSeconds).value == 3.5)
    #expect(throws: RuntimeProblem.self) { try comparison.error { _ in 0 } }
  }
}
