import Lang
import Runtime

/// Servers of one composition with the times that were measured of them.
struct ServeFleet {
  /// The uncompressed and the compressed configuration.
  let methods: [Compressor]
  let serverMethods: [Int]
  /// What was measured, nil for a configuration that no server runs. // [methods]
  let profiles: [ConfigurationProfile?]
  /// The same fleet for the simulation and for policies.
  let route: RouteFleet

  /// `fp16 + 2 x kivi`.
  var label: String {
    methods.indices.compactMap { method in
      let count = serverMethods.count { $0 == method }
      return count == 0 ? nil : count == 1 ? methods[method].label : "\(count) x \(methods[method].label)"
    }.joined(separator: " + ")
  }

  /// Measures the servers at work.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K305, K602, K603, K607, K632, K640.
  init(
    _ methods: [Compressor], serverMethods: [Int], _ fleet: ServingFleet, _ workload: RouteWorkload,
    _ options: ServeOptions, _ loaded: LoadedModel, onWait: (_ done: Int, _ total: Int) -> Void
  ) throws {
    let context = loaded.model.configuration.contextTokens
    let grid = try ProfileGrid.serving(
      workload, batchLimit: options.batchLimit, rounds: options.rounds, contextTokens: context)
    let most = grid.lengths.last ?? 1
    let measured = MemoryForecast.Text(prompt: most, tokens: most + grid.stepsOfVisit)
    let texts = methods.indices.map { method -> [MemoryForecast.Text] in
      zip(workload.promptTokens, workload.responseTokens[method]).map {
        MemoryForecast.Text(prompt: $0, tokens: $0 + $1)
      } + Array(repeating: measured, count: grid.mostBatch * serverMethods.count { $0 == method })
    }
    try fleet.checkMemory(texts, methods, serverMethods: serverMethods, batchLimit: options.batchLimit)
    let profiles = try fleet.calibrate(
      methods, serverMethods: serverMethods, grid, contextTokens: context,
      onWait: { onWait($0, grid.visits * serverMethods.count) })
    // A configuration that no server runs has no times and none are asked for: it takes those of the one that is there.
    let times = try profiles.map { try $0?.serviceTimes() }
    guard let any = times.compactMap({ $0 }).first else {
      throw RuntimeProblem("K630", seen: "a fleet without servers", expected: "at least one")
    }
    self.methods = methods
    self.serverMethods = serverMethods
    self.profiles = profiles
    route = try RouteFleet(
      methods: methods.indices.map { (methods[$0].label, times[$0] ?? any) }, serverMethods: serverMethods,
      batchLimit: options.batchLimit, prefillLimitTokens: options.prefillLimitTokens)
  }
}
