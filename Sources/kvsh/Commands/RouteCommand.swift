import Lang
import Runtime

/// `route kivi policy=both`: a router in front of servers with and without compression, simulated.
struct RouteCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "route", summary: "Simulates requests that a router sends to servers with and without compression.",
    details: """
      Requests arrive at random (Poisson) at `rate` a second and go to one of `servers`, of which `fp16` run the \
      uncompressed cache and the others the compressed one; with policy=baseline all run one configuration. The times of \
      iterations come from what `profile` measured, or from published throughput (from=), the lengths of answers from the paper's table 5, or from the rows \
      of a run that come through the pipe.

      A policy is baseline, throughput, length, both, or a function of a request and a server that gives a cost, as in \
      policy=(r, s) -> e2e(r, s); the server with the least cost gets the request. r has number and prompt_tokens, s has \
      number, config, running, waiting, prefilling, held_tokens and held_bytes; e2e, tbot, prefill_s and answer_tokens \
      ask the predictors.

      capacity is what the servers finish a second under a policy when there is always another request. Above it the queue \
      grows for as long as requests come, and there is no mean to tell: queue says `diverges`. With several seeds the mean \
      has a 95 % interval over them. sent and busy are shares by server; speedup is over the policy baseline of the same \
      configuration and rate.
      """,
    parameters: [
      Parameter("method", .name(kind: "method"), doc: "The compressed servers' method.", positional: true),
      Parameter(
        "policy", .name(kind: "routing"), default: .string("both"),
        doc: "baseline, throughput, length, both, or (r, s) -> a cost; several in a list.", sweepable: true,
        orValue: .function),
      Parameter(
        "times", .choice(["measured", "predicted"]), default: .string("measured"),
        doc: "Times of iterations: of whole forwards as measured, or by the predictor of `predict throughput`."),
    ] + ThroughputSources.parameters + RouteOptions.parameters,
    accepts: [.nil, .object("config"), .list, .table], produces: .table, columns: RouteRows.columns, flow: .exact,
    examples: [
      Example("route kivi policy=[baseline, both] from=\"examples/profile\" n=200", "Two policies."),
      Example(
        "route gear policy=(r, s) -> e2e(r, s) + 0.1 * s.waiting from=\"examples/profile\" n=200",
        "A policy of one's own."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let options = try RouteOptions(call)
    let policies = try RoutePolicies.named(call, in: context)
    let source = try ThroughputSources.find(call, workbench)
    let isPredicted = try call.name("times") == "predicted"
    func times(_ compressor: Compressor) throws -> any ServiceTimes {
      try call.placing(at: call.isGiven("method") ? "method" : nil) {
        isPredicted
          ? try source.predictedTimes(of: compressor, regression: .table) : try source.serviceTimes(of: compressor)
      }
    }
    let compressors = try configurations(call, context)
    let plain = try times(.none)
    var remarks: [String] = []
    var rows: [Record] = []
    for compressor in compressors {
      let isPlain = compressor.stages.isEmpty
      let compressed = isPlain ? plain : try times(compressor)
      for each in [Compressor.none, compressor] {
        if let remark = try call.placing({ try source.remark(on: each) }), !remarks.contains(remark) {
          remarks.append(remark)
        }
      }
      let requests = try RouteRequests(call, compressor, source)
      var found: [RouteStudy] = []
      for policy in policies {
        if isPlain, policy.name != RoutePolicy.baseline.name,
          policies.contains(where: { $0.name == RoutePolicy.baseline.name })
        {
          continue
        }
        let fleet = try call.placing {
          try RouteFleet(
            methods: [(Compressor.none.label, plain), (compressor.label, compressed)],
            serverMethods: options.serverMethods(policy, isPlain: isPlain), batchLimit: options.batchLimit,
            prefillLimitTokens: options.prefillLimitTokens)
        }
        found += try studies(RouteSimulation(fleet: fleet, policy: policy), requests, options, call)
      }
      rows += try call.placing { try RouteRows.rows(found, compressor.label, options) }
      for study in found where study.diverges {
        context.print(RouteRows.divergence(study, compressor.label, isFinite: options.isFinite))
      }
    }
    workbench.progress.finish()
    for remark in remarks { context.print("note: \(remark)") }
    return .table(RouteRows.table(rows))
  }

  /// The compressed configurations: those named, or those that came through the pipe.
  private func configurations(_ call: Call, _ context: Context) throws -> [Compressor] {
    if call.isGiven("method") { return try call.namedConfigurations("method", context) }
    if case .table = call.input {
      throw Problem(
        "K630", seen: "rows came in, but no method", expected: "the method whose lengths they have, as in `route kivi`",
        labels: [.init(call.span)])
    }
    return try call.configurations(baseline: false)
  }

  /// One study a rate.
  private func studies(
    _ simulation: RouteSimulation, _ requests: RouteRequests, _ options: RouteOptions, _ call: Call
  ) throws -> [RouteStudy] {
    do {
      return try call.placing {
        // Which requests come does not depend on when, so one capacity holds for all rates.
        let first = try requests.workload(options, rate: options.rates[0], seed: options.seeds[0])
        let capacity = try simulation.capacity(first, cancellation: workbench.cancellation)
        return try options.rates.map { rate in
          let summaries = try options.seeds.map { seed in
            let workload = try requests.workload(options, rate: rate, seed: seed)
            return try simulation.run(workload, cancellation: workbench.cancellation).summary()
          }
          return RouteStudy(policy: simulation.policy.name, rate: rate, capacity: capacity, summaries: summaries)
        }
      }
    } catch is CancellationError {
      throw CancellationProblem(span: call.span)
    }
  }
}
