import Testing

@testable import Runtime

/// What servers that live at once need, said before they are measured.
extension ServingFleetTests {
  @Test(
    "all servers are counted together: what each configuration alone would leave room for is refused, with the sum",
    arguments: [[0, 1], [1, 0, 1], [0, 0]])
  func memory(serverMethods: [Int]) throws {
    let engine = try EngineTrial(Self.model.get()).engine()
    var available: Int?
    engine.availableBytes = { available }
    let compressors = try Self.compressors()
    // Longest first, as they are dealt out.
    let texts = (0..<9).map { MemoryForecast.Text(prompt: 60 - $0, tokens: 140 - 2 * $0) }
    let fleet = ServingFleet(
      engine, servers: serverMethods.count, threads: 1, sampling: Self.sampling, cancellation: Cancellation())
    let needed = compressors.indices.map { method in
      let servers = serverMethods.count { $0 == method }
      return (0..<servers).map { server in
        let own = texts.enumerated().filter { $0.offset % servers == server }.map(\.element)
        return engine.twin(threads: 1).forecast(own, compressors[method], batch: 2).neededBytes
      }
    }
    let sum = needed.flatMap { $0 }.reduce(0, +)
    func check() throws {
      try fleet.checkMemory([texts, texts], compressors, serverMethods: serverMethods, batchLimit: 2)
    }
    for room in [nil, sum] {
      available = room
      try check()
    }
    // More than any of the servers needs.
    available = sum - 1
    #expect(needed.flatMap { $0 }.allSatisfy { $0 < sum - 1 })
    let problem = #expect(throws: RuntimeProblem.self) { try check() }
    #expect(problem?.code == "K607")
    #expect(problem?.seen.hasPrefix("\(2 * serverMethods.count) sequences of up to 140 tokens would need ") == true)
  }

  @Test("a forecast of other servers or configurations is K630")
  func otherServers() throws {
    let fleet = try Self.serving(2)
    let compressors = try Self.compressors()
    for (texts, methods) in [([[], []], [0]), ([[], []], [0, 2]), ([[]], [0, 1])] as [([[MemoryForecast.Text]], [Int])]
    {
      let code = routeCode {
        try fleet.checkMemory(texts, compressors, serverMethods: methods, batchLimit: 1)
      }
      #expect(code == "K630")
    }
  }
}
