import Foundation
import Lang
import Runtime

/// `compress kivi | profile`: times of this machine for `predict` and `route`.
struct ProfileCommand: Command {
  let workbench: Workbench

  private static let columns = [
    "config", "stage", "batches", "tokens", "points", "accuracy", "worst", "heldout_n", "fit_accuracy", "profile",
  ]

  let signature = Signature(
    "profile", summary: "Measures what predictions of throughput are made from, on this machine, into the store.",
    details: """
      Of every configuration that comes through the pipe, and of the uncompressed cache, it times prompts of each length \
      and steps of each batch behind them: attention with what the method adds to it, and the rest of the layers. \
      Configurations take turns at every length, so that what else the machine does falls on all alike; `rounds` is how \
      often, and a place's time is the median.

      Every third place is kept back: whole forwards that no prediction is made from. accuracy is over those, 100 (1 - mean \
      |predicted - measured| / measured) in percent, worst the largest error among them; fit_accuracy is over the others. \
      `predict` and `route` take the newest profile of this machine, model and program.

      size=quick is up to 512 tokens and takes about half a minute for two configurations of a small model; standard up to \
      2,048 tokens, full up to 4,096 tokens and 8 requests, which takes minutes for each configuration.
      """,
    parameters: [
      Parameter(
        "size", .choice(ProfileSize.allCases.map(\.rawValue)), default: .string(ProfileSize.standard.rawValue),
        doc: "How far and how finely."),
      Parameter(
        "batch", .int, range: 1...1_024, doc: "Requests that decode together, instead of the size's.", sweepable: true),
      Parameter(
        "tokens", .int, range: 2...1_048_576, doc: "Lengths of prompts, instead of the size's.", sweepable: true),
      Parameter("rounds", .int, default: .int(2), range: 1...1_000, doc: "Visits of each length."),
    ],
    accepts: [.nil, .object("config"), .list], produces: .table, columns: columns,
    examples: [
      Example(
        "compress kivi | profile batch=[1,2] tokens=[8,16,24,32,40] rounds=1", "Tiny: minutes make a useful one.")
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let configurations = try call.configurations(baseline: true)
    let loaded = try call.placing { try workbench.models.current() }
    try call.placingAtInput { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    let grid = try grid(call, loaded)
    defer { workbench.progress.finish() }
    let found = try visits(configurations, grid, loaded, call)
    var rows: [Record] = []
    try call.placing {
      let store = try workbench.store()
      let record = try RunRecord(run: "profile", configurations, loaded, store)
      for (compressor, visits) in zip(configurations, found) {
        let profile = try ConfigurationProfile(visits, grid: grid, layers: loaded.model.configuration.layers)
        let id = try store.keep(profile, of: compressor, record)
        rows += try Self.rows(profile, compressor, grid, id)
      }
    }
    context.print("kept for `predict throughput` and `route`: \(MachineDescription.current)")
    return .table(Table(columns: Self.columns.map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) }))
  }

  /// What was found of each configuration; nothing is kept of work that is ended early.
  private func visits(
    _ configurations: [Compressor], _ grid: ProfileGrid, _ loaded: LoadedModel, _ call: Call
  ) throws -> [[ProfileVisit]] {
    do {
      return try call.placing(at: call.isGiven("tokens") ? "tokens" : nil) {
        try ProfileStudy.run(
          configurations: configurations.count, grid,
          onVisit: { index, done in
            workbench.progress.update(
              ProgressState(
                label: "profile", done: done, total: grid.visits * configurations.count,
                note: configurations[index].label))
          },
          visit: { index, length, round in
            try loaded.engine.profile(
              configurations[index], length: length, grid: grid, round: round, workbench.cancellation)
          })
      }
    } catch is CancellationError {
      throw CancellationProblem(span: call.span)
    }
  }

  private func grid(_ call: Call, _ loaded: LoadedModel) throws -> ProfileGrid {
    let size = ProfileSize(rawValue: try call.name("size")) ?? .standard
    let (batches, lengths) = (call.ints("batch"), call.ints("tokens"))
    let rounds = try call.int("rounds")
    return try call.placing(at: lengths.isEmpty ? batches.isEmpty ? nil : "batch" : "tokens") {
      () throws -> ProfileGrid in
      let own = batches.isEmpty ? size.batches : batches
      let room = loaded.model.configuration.contextTokens - ProfileGrid.stepsOfVisit(batches: Set(own).count)
      return try ProfileGrid(
        batches: own, lengths: lengths.isEmpty ? size.lengths.filter { $0 <= room } : lengths, rounds: rounds)
    }
  }

  private static func rows(
    _ profile: ConfigurationProfile, _ compressor: Compressor, _ grid: ProfileGrid, _ id: Int64
  ) throws -> [Record] {
    let all = profile.accuracyPoints(try profile.predictor(.table).forward)
    return [MeasuredThroughput.Stage.prefill, .decoding].map { stage -> Record in
      let points = all.filter { $0.point.stage == stage }
      let heldOut = PredictionAccuracy(points: points.filter(\.isHeldOut).map(\.point))
      let fitted = PredictionAccuracy(points: points.filter { !$0.isHeldOut }.map(\.point))
      let lengths = points.map(\.point.tokens)
      return Record([
        ("config", .string(compressor.label)), ("stage", .string(stage == .prefill ? "prefill" : "decode")),
        ("batches", .string(grid.batches.map(String.init).joined(separator: " "))),
        ("tokens", .string("\(lengths.min() ?? 0) to \(lengths.max() ?? 0)")),
        ("points", .int(fitted.points.count)), ("accuracy", heldOut.percent.map { .float($0) } ?? .nil),
        ("worst", heldOut.points.map { abs($0.relativeError) }.max().map { .share($0) } ?? .nil),
        ("heldout_n", .int(heldOut.points.count)), ("fit_accuracy", fitted.percent.map { .float($0) } ?? .nil),
        ("profile", .int(Int(id))),
      ])
    }
  }
}
