import Lang
import Runtime

/// Times configurations at every point of a sweep and makes rows of it.
struct SpeedRows {
  /// A point of the sweep: its work, and the cells that say which it is.
  struct Point {
    let work: TimedWork
    let cells: [(String, Value)]
  }

  static let rateColumns = [
    "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high", "repeats", "threads", "cache_bytes", "read_bytes",
    "engine", "scratch_bytes", "moved_bytes", "moved_formula", "pages", "unused_slots", "rank_tok_s", "reduced_bytes",
  ]

  /// Columns that a prefill has nothing to say in.
  static let stepColumns: Set<String> = ["read_bytes", "moved_bytes", "moved_formula"]

  static let engineDoc = """
    With several engines all are timed in turn, and speedup is over the uncompressed cache on the same engine. \
    scratch_bytes is the most that scores, masks and expanded tensors of a layer took at once; moved_bytes counts the bytes \
    of keys and values that a step copied, expanded and read, moved_formula is what the engine's algorithm should have \
    moved. pages and unused_slots tell how full pages are. With tp=N, bytes moved are those of one rank, reduced_bytes what \
    each brought to be added up, and rank_tok_s the rate of as many free cores as ranks: by the processor time of the rank \
    that worked longest.
    """

  static let intervalDoc = """
    tok_s is the median round, low and high its interval of order statistics: 95 % from six rounds on, the smallest and \
    the largest below that (five: 94 %). speedup is the median over rounds of the rate over the uncompressed cache's in \
    the same round. cache_bytes is held by all sequences at the end, read_bytes is read by one step of all of them.
    """

  let label: String
  let warmups: Int
  let repeats: Int

  func rows(
    _ points: [Point], _ configurations: [Compressor], on engines: [AttentionEngine] = [.fused], _ loaded: LoadedModel,
    _ workbench: Workbench
  ) throws -> [Record] {
    var rows: [Record] = []
    let total = points.count * engines.count * configurations.count * (warmups + repeats)
    for (place, point) in points.enumerated() {
      let sides = engines.flatMap { engine in configurations.map { (engine: engine, compressor: $0) } }
      let arms = sides.map { engine, compressor in
        TimedArm(compressor.label) {
          try loaded.engine.time(point.work, compressor, attention: engine, workbench.cancellation)
        }
      }
      let runs = try Interleaving.run(arms, warmups: warmups, repeats: repeats) { arm, done in
        workbench.progress.update(
          ProgressState(
            label: label, done: place * arms.count * (warmups + repeats) + done, total: total, note: arms[arm].label))
      }
      for (index, own) in runs.enumerated() where !own.isEmpty {
        let first = runs[index / configurations.count * configurations.count]
        let baseline = try first.isEmpty ? nil : Throughput(first)
        let cells = engineCells(own, sides[index].engine, sides[index].compressor, point.work, loaded)
        rows.append(try record(arms[index], try Throughput(own), baseline, point, loaded, cells))
      }
      if workbench.cancellation.isCancelled { break }
    }
    return rows
  }

  private func record(
    _ arm: TimedArm, _ throughput: Throughput, _ baseline: Throughput?, _ point: Point, _ loaded: LoadedModel,
    _ cells: [(String, Value)]
  ) throws -> Record {
    let speedup = try baseline.map { try throughput.speedup(over: $0) }
    func cell(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }
    return Record(
      [("config", .string(arm.label))] + point.cells + [
        ("tok_s", .float(throughput.rate.value)), ("low", cell(throughput.rate.low)),
        ("high", cell(throughput.rate.high)), ("speedup", cell(speedup?.value)),
        ("speedup_low", cell(speedup?.low)), ("speedup_high", cell(speedup?.high)),
        ("repeats", .int(throughput.runs.count)), ("threads", .int(loaded.engine.threads)),
        ("cache_bytes", .int(throughput.runs.last?.cacheBytes.held ?? 0)),
        ("read_bytes", .int(throughput.runs.last?.readBytesPerStep ?? 0)),
      ] + cells)
  }

  /// What an engine moved and worked in.
  private func engineCells(
    _ runs: [TimedRun], _ engine: AttentionEngine, _ compressor: Compressor, _ work: TimedWork, _ loaded: LoadedModel
  ) -> [(String, Value)] {
    guard let last = runs.last else { return [] }
    func cell(_ number: Int?) -> Value { number.map { .int($0) } ?? .nil }
    var foretold: Int?
    var timedSteps = 1
    if case .decode(let depth, let batch, let steps) = work {
      timedSteps = steps
      if compressor.stages.isEmpty {
        // The cache of the middle step, of one rank.
        let shape = loaded.model.cacheShape
        let tokens = Double(max(1, depth) + TimedWork.untimedSteps) + Double(steps + 1) / 2
        let cacheBytes = Int(tokens * Double(batch * shape.layers * shape.tokenBytes)) / engine.ranks
        foretold = EngineTraffic.foretoldStepBytes(engine, cacheBytes: cacheBytes, groupHeads: shape.groupHeads)
      }
    }
    let busy = runs.compactMap(\.ranks).map(\.busySeconds).sorted()
    let rankRate: Value = busy.isEmpty ? .nil : .float(Double(last.tokens) / max(busy[busy.count / 2], 1e-9))
    return [
      ("engine", .string(engine.label)), ("scratch_bytes", .int(last.traffic.scratchBytes)),
      ("moved_bytes", .int(last.traffic.movedBytes / max(1, timedSteps))), ("moved_formula", cell(foretold)),
      ("pages", cell(last.pages?.pages)), ("unused_slots", cell(last.pages?.unusedSlots)), ("rank_tok_s", rankRate),
      ("reduced_bytes", cell(last.ranks.map { $0.reducedBytes / max(1, timedSteps) })),
    ]
  }
}
