import Lang
import Runtime

/// One compressed configuration behind a router: its fleets are measured, its policies served and simulated.
struct ServeStudy {
  private let compressor: Compressor
  private let policies: [RoutePolicy]
  private let options: ServeOptions
  private let answers: ServeAnswers
  private let fleet: ServingFleet
  private let loaded: LoadedModel
  private let progress: any ProgressDisplay
  private let call: Call

  init(
    _ compressor: Compressor, _ policies: [RoutePolicy], _ options: ServeOptions, _ answers: ServeAnswers,
    _ fleet: ServingFleet, _ loaded: LoadedModel, _ progress: any ProgressDisplay, _ call: Call
  ) {
    self.compressor = compressor
    let isPlain = compressor.stages.isEmpty
    // Where all servers run one configuration there is one composition, and the policy baseline serves it.
    let baseline = policies.filter { $0.name == RoutePolicy.baseline.name }
    // The baseline is served first, wherever it is named: the others' speed-up is over it.
    let others = policies.filter { $0.name != RoutePolicy.baseline.name }
    self.policies = isPlain && !baseline.isEmpty ? baseline : baseline + others
    self.options = options
    self.answers = answers
    self.fleet = fleet
    self.loaded = loaded
    self.progress = progress
    self.call = call
  }

  private var isPlain: Bool { compressor.stages.isEmpty }

  /// - Parameters:
  ///   - keep: given rows as they are finished.
  ///   - say: given notes.
  /// - Throws: `CancellationError`, `Problem`.
  func run(keep: ([Record]) -> Void, say: (String) -> Void) throws {
    let replayed = try call.placing { try answers.workload(compressor) }
    func workload(_ rate: Double, _ seed: UInt64) throws -> RouteWorkload {
      try call.placing {
        try replayed.workload(
          requests: answers.samples.count, rate: rate, seed: seed, predictionError: options.predictionError)
      }
    }
    // When requests arrive says nothing of their lengths.
    let lengths = try workload(1, options.seeds[0])
    let fleets = try measuredFleets(lengths)
    if options.row == .calibration { return keep(fleets.flatMap { ServeRows.calibration($0, compressor.label) }) }
    let placed = policies.compactMap { policy in
      let methods = options.serverMethods(policy, isPlain: isPlain)
      return fleets.first { $0.serverMethods == methods }.map { (policy: policy, fleet: $0) }
    }
    let capacities = try placed.map { place in
      try call.placing {
        try RouteSimulation(fleet: place.fleet.route, policy: place.policy).capacity(lengths)
      }
    }
    for rate in try options.rates(capacity: capacities.min() ?? 0, call) {
      var baseline: ServeComparison?
      for (place, capacity) in zip(placed, capacities) {
        let study = RouteStudy(policy: place.policy.name, rate: rate, capacity: capacity, summaries: [])
        if study.diverges { say(RouteRows.divergence(study, compressor.label, isFinite: options.isFinite)) }
        guard !study.diverges || options.isFinite else {
          if options.row == .policy {
            keep([
              ServeRows.diverging(
                study, compressor.label, requests: answers.samples.count, seeds: options.seeds.count)
            ])
          }
          continue
        }
        let workloads = try options.seeds.map { try workload(rate, $0) }
        let comparison = try comparison(study, place.policy, place.fleet, workloads, say: say)
        if study.policy == RoutePolicy.baseline.name { baseline = comparison }
        keep(try rows(comparison, place.fleet, baseline: baseline))
      }
    }
  }

  /// Each composition of servers that a policy wants, measured once.
  private func measuredFleets(_ lengths: RouteWorkload) throws -> [ServeFleet] {
    var fleets: [ServeFleet] = []
    for policy in policies {
      let methods = options.serverMethods(policy, isPlain: isPlain)
      guard !fleets.contains(where: { $0.serverMethods == methods }) else { continue }
      fleets.append(
        try call.placing {
          try ServeFleet(
            [.none, compressor], serverMethods: methods, fleet, lengths, options, loaded,
            onWait: { done, total in
              progress.update(
                ProgressState(label: "calibrate", done: done, total: total, note: compressor.label))
            })
        })
    }
    return fleets
  }

  private func comparison(
    _ study: RouteStudy, _ policy: RoutePolicy, _ servers: ServeFleet, _ workloads: [RouteWorkload],
    say: (String) -> Void
  ) throws -> ServeComparison {
    try call.placing {
      var served: [ServedRun] = []
      let requests = answers.requests
      for workload in workloads {
        served.append(
          try fleet.serve(
            requests, servers.methods, workload, servers.route, policy: policy,
            onWait: { answered in
              progress.update(
                ProgressState(
                  label: "serve", done: served.count * workload.count + answered,
                  total: workloads.count * workload.count, note: "\(compressor.label), \(policy.name)"))
            }))
      }
      let differing = served.reduce(0) {
        $0 + answers.differing($1, servers.route, servers.methods, loaded.tokenizer)
      }
      if differing > 0 {
        say(
          "note: \(differing) of \(served.count * requests.count) answers under policy \(policy.name) were not those of "
            + "the run before")
      }
      let simulation = RouteSimulation(fleet: servers.route, policy: policy)
      return try ServeComparison(
        policy: policy.name, rate: study.rate, capacity: study.capacity, served: served,
        simulated: try workloads.map { try simulation.run($0) })
    }
  }

  private func rows(
    _ comparison: ServeComparison, _ servers: ServeFleet, baseline: ServeComparison?
  ) throws -> [Record] {
    try call.placing {
      switch options.row {
      case .request:
        ServeRows.requests(comparison, compressor.label, seeds: options.seeds, answers.samples, servers.route)
      case .policy, .calibration:
        [
          try ServeRows.policy(
            comparison, compressor.label, requests: answers.samples.count, baseline: baseline)
        ]
      }
    }
  }
}
