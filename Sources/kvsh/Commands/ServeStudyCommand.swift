import Lang
import Runtime

/// `compress kivi | serve-study sharegpt policy=[baseline, both]`: what `route` simulates, done for real in this process.
struct ServeStudyCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "serve-study", summary: "Routes real requests to real servers in this process and sets the simulation beside it.",
    details: """
      Servers are engines of their own over the model in use, each with `threads` threads; `fp16` of them run the \
      uncompressed cache and the others a configuration that comes through the pipe, or all of them one under \
      policy=baseline. Requests are prompts of the data set that arrive at random (Poisson) by the clock on the wall; each \
      server takes what waits first, prefills it, and decodes up to `b_max` requests together, as the simulation's servers do.

      Before that a run of every configuration, kept as `run` keeps its rows, tells each answer's length, and the servers \
      measure their own times with all of them at work, since they share cores and memory. From both, `route`'s simulation \
      says what would come, for the same requests at the same moments: sim_... beside what was measured, and error, (sim - \
      measured) / measured. Policies ask the same times and lengths. Other programs that run meanwhile slow the servers \
      and not the simulation.

      rate= is arrivals a second; load= a share of what the slowest of the policies can finish. Above that the queue grows \
      for as long as requests come: queue says `diverges`, and nothing is served unless finite=true says that there are no \
      more than these. per=request gives every request's times, per=calibration what the servers measured. Ctrl-C returns \
      the rows that are finished.
      """,
    parameters: [
      Parameter(
        "dataset", .name(kind: "dataset"),
        doc: "Where the prompts come from; n=\(ServeOptions.defaultRequests) unless told.", positional: true,
        required: true),
      Parameter(
        "policy", .name(kind: "routing"), default: .list([.string("baseline"), .string("both")]),
        doc: "baseline, throughput, length, both, or (r, s) -> a cost, as for `route`; several in a list.",
        sweepable: true, orValue: .function),
    ] + ServeOptions.parameters,
    accepts: [.nil, .object("config"), .list], produces: .table, columns: ServeRows.policyColumns,
    examples: [
      Example(
        "compress kivi bits=4 | serve-study sharegpt n=4 max_prompt=100 max=8 rounds=1 policy=both b_max=2",
        "One FP16 and one KIVI server, four requests."),
      Example(
        "serve-study sharegpt n=4 max_prompt=100 max=8 rounds=1 policy=baseline b_max=2 per=calibration",
        "What two servers at work take for their iterations."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let found = try dataset(call)
    let options = try ServeOptions(call, for: found.dataset.card)
    let policies = try RoutePolicies.named(call, in: context)
    let configurations = try call.configurations(baseline: false)
    let loaded = try call.placing { try workbench.models.current() }
    try call.placingAtInput { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    defer { workbench.progress.finish() }
    var rows: [Record] = []
    do {
      guard let answers = try answers(call, found, configurations, options, loaded, in: context) else {
        throw CancellationError()
      }
      let fleet = ServingFleet(
        loaded.engine, servers: options.servers, threads: options.threads, sampling: options.run.sampling,
        cancellation: workbench.cancellation)
      note(options, in: context)
      for compressor in configurations {
        let study = ServeStudy(
          compressor, policies, options, answers, fleet, loaded, workbench.progress, call)
        try study.run(
          keep: { rows += $0 }, say: { context.print($0) })
      }
    } catch is CancellationError {
      interrupted(rows.count, in: context)
    } catch is CancellationProblem {
      interrupted(rows.count, in: context)
    }
    return .table(ServeRows.table(rows, options.row))
  }

  /// What has finished goes on through the line; the session stops after it.
  private func interrupted(_ rows: Int, in context: Context) {
    workbench.wasInterrupted = true
    workbench.cancellation.reset()
    context.cancellation.reset()
    context.print("note: interrupted; rows that are finished: \(rows)")
  }

  private func note(_ options: ServeOptions, in context: Context) {
    let cores = (try? ModelLibrary.threadCount()) ?? 1
    let servers = "\(options.servers) servers of \(options.threads) \(options.threads == 1 ? "thread" : "threads")"
    if options.servers * options.threads > cores {
      context.print(
        "note: \(servers) share \(cores) \(cores == 1 ? "core" : "cores"): the more of them are at work, the slower is "
          + "each, which the simulation does not know")
    }
    context.print(
      "note: simulated with times that \(servers) measured just now, all at work; "
        + (options.predictionError == 0
          ? "lengths are known"
          : "lengths are predicted with a spread of "
            + PlotNumber.short(options.predictionError)))
  }

  private func dataset(_ call: Call) throws -> FoundDataset {
    let name = try call.name("dataset")
    return try call.placing(at: "dataset") { try Datasets.find(name, home: workbench.home) }
  }

  /// Runs every configuration over the prompts; nil if the user ended it.
  private func answers(
    _ call: Call, _ found: FoundDataset, _ configurations: [Compressor], _ options: ServeOptions, _ loaded: LoadedModel,
    in context: Context
  ) throws -> ServeAnswers? {
    let card = found.dataset.card
    var values = try DatasetCall.values(call, for: card)
    if values["n"] == nil, card.parameters.contains(where: { $0.name == "n" }) {
      values["n"] = .int(ServeOptions.defaultRequests)
    }
    let load = try call.placing(at: "dataset") { try found.load(values, loaded) }
    if let shortfall = load.shortfall { context.print("note: \(shortfall)") }
    let chat = options.run.chat ?? loaded.chats
    let samples = try call.placing(at: "max") {
      try load.requests.map { try PreparedSample($0, loaded, chat: chat, maxTokens: options.run.maxTokens) }
    }
    let all = [Compressor.none] + configurations.filter { !$0.stages.isEmpty }
    return try call.placing {
      let store = try workbench.store()
      let record = try RunRecord(
        run: RunCommand.written(call, values, options.run), all, loaded, store)
      let study = StudyRun(
        loaded: loaded, store: store, workbench: workbench, options: options.run,
        arms: all.map { StudyArm($0, options.run.sampling) }, samples: samples, chat: chat, record: record)
      return try ServeAnswers(study, line: RunCommand.lines(of: call))
    }
  }
}
