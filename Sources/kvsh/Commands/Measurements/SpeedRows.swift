import Lang
import Runtime

/// Times configurations at every point of a sweep and makes rows of it.
struct SpeedRows {
  /// A point of the sweep: what is asked, with how many threads, and the cells that say which it is.
  struct Point {
    let question: SpeedQuestion
    var threads: Int?
    var engine = AttentionEngine.fused
    let cells: [(String, Value)]
  }

  static let rateColumns = [
    "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high", "noise", "verdict", "attention_ms", "attention",
    "compression_ms", "ttft_ms", "tbot_ms", "e2e_ms", "deviation", "repeats", "threads", "style", "cache_bytes",
    "peak_bytes", "read_bytes", "engine", "scratch_bytes", "moved_bytes", "moved_formula", "pages", "unused_slots",
    "rank_tok_s", "reduced_bytes",
  ]

  /// Columns that a prompt's forward has nothing to say in.
  static let stepColumns: Set<String> = ["read_bytes", "tbot_ms", "moved_bytes", "moved_formula"]

  /// Columns that only some styles or engines define; a table in which no row has one leaves it out.
  static let definedBySome = ["ttft_ms", "tbot_ms", "e2e_ms", "deviation"] + definedBySomeEngines
  private static let definedBySomeEngines = ["pages", "unused_slots", "rank_tok_s", "reduced_bytes"]

  static func parameters(warmups: Int) -> [Parameter] {
    [
      Parameter(
        "style", .choice(ThroughputStyle.allCases.map(\.rawValue)), default: .string(ThroughputStyle.paper.rawValue),
        doc: "By whose definition tokens a second are counted."),
      Parameter(
        "threads", .int, range: 1...1_024, doc: "Threads. Default: the session's, all cores unless KVSH_THREADS says.",
        sweepable: true),
    ] + MeasuringPlan.parameters(warmups: warmups)
  }

  static let intervalDoc = """
    tok_s is by the style. paper: each forward timed alone, the fastest and the slowest left out, m the mean of the rest; \
    B*P/m for prompts and B/m for steps; fewer than three forwards have no result. llama_bench: the mean of the rounds' \
    rates, with their deviation. trl: whole calls; B*P/t1 for prompts, B*steps/(t - t1) for steps. vllm: requests sent at \
    one moment, (prompt + 1) tokens for prompts and (steps + 1) for steps over the time until the last has come.

    speedup is the rate over the uncompressed cache's. low and high are order statistics over the rounds: 95 % from six \
    rounds on, the smallest and the largest below that (five: 94 %). noise is how far the uncompressed cache moves \
    against itself in the same rounds; verdict calls a speed-up `not distinguishable` if its interval holds 1, if it is \
    within the noise, or if there were fewer than five rounds. Rounds go on until the interval of every ratio is within \
    `precision`, and end at `repeat` rounds or `seconds`.

    attention_ms is attention alone in one forward of the batch and attention its share of it, compression_ms what a \
    method adds: ranking, choosing, packing. cache_bytes is held by all sequences at the end, peak_bytes at most, \
    read_bytes is read by one step of all of them.
    """

  static let engineDoc = """
    With several engines each is measured in turn, and speedup is over the uncompressed cache on the same engine. \
    scratch_bytes is the most that scores, masks and expanded tensors of a layer took at once; moved_bytes counts the \
    bytes of keys and values that a step copied, expanded and read, moved_formula is what the engine's algorithm should \
    have moved. pages and unused_slots tell how full pages are. With tp=N, bytes moved are those of one rank, \
    reduced_bytes what each brought to be added up, and rank_tok_s the rate of as many free cores as ranks: by the \
    processor time of the rank that worked longest.
    """

  let label: String
  let plan: MeasuringPlan

  func rows(
    _ points: [Point], _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    var rows: [Record] = []
    var engines: [Int: BatchEngine] = [:]
    for (place, point) in points.enumerated() {
      let count = point.threads ?? loaded.engine.threads
      let engine = engines[count] ?? loaded.engine.withThreads(count)
      engines[count] = engine
      let arms = configurations.map { compressor in
        TimedArm(compressor.label) {
          try engine.timeRound(of: point.question, compressor, attention: point.engine, workbench.cancellation)
        }
      }
      let comparison = try plan.compare(
        point.question, arms, label: label, place: place, places: points.count, workbench.progress)
      for (index, arm) in arms.enumerated() {
        guard let speed = comparison.speeds[index] else { continue }
        let cells = engineCells(speed.runs, configurations[index], point, loaded)
        rows.append(record(arm.label, speed, comparison, index, point, threads: count, cells))
      }
      if comparison.end == .cancelled || workbench.cancellation.isCancelled { break }
    }
    return Self.withoutEmpty(rows)
  }

  private func record(
    _ label: String, _ speed: SpeedEstimate, _ comparison: SpeedComparison, _ index: Int, _ point: Point, threads: Int,
    _ cells: [(String, Value)]
  ) -> Record {
    let speedup = comparison.speedup(index)
    func cell(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }
    let last = speed.runs.last
    let times = SpeedRows.times(speed.runs)
    let deviation =
      point.question.style == .llamaBench
      ? RepetitionThroughput(tokens: last?.tokens ?? 0, seconds: speed.runs.map(\.seconds))?.deviation : nil
    return Record(
      [("config", .string(label))] + point.cells + [
        ("tok_s", cell(speed.rate?.value)), ("low", cell(speed.rate?.low)), ("high", cell(speed.rate?.high)),
        ("speedup", cell(speedup?.value)), ("speedup_low", cell(speedup?.low)), ("speedup_high", cell(speedup?.high)),
        ("noise", comparison.noise.share.map { .share($0) } ?? .nil),
        ("verdict", index > 0 && plan.noise ? .string(comparison.verdict(index).rawValue) : .nil),
        ("attention_ms", .float(speed.attentionSeconds * 1e3)), ("attention", .share(speed.attentionShare)),
        ("compression_ms", .float(speed.compressionSeconds * 1e3)),
        ("ttft_ms", cell(times.first.map { $0.mean * 1e3 })), ("tbot_ms", cell(times.between.map { $0.mean * 1e3 })),
        ("e2e_ms", cell(times.whole.map { $0.mean * 1e3 })), ("deviation", cell(deviation)),
        ("repeats", .int(speed.runs.count)), ("threads", .int(threads)),
        ("style", .string(point.question.style.rawValue)), ("cache_bytes", .int(last?.cacheBytes.held ?? 0)),
        ("peak_bytes", .int(last?.peakBytes ?? 0)), ("read_bytes", .int(last?.readBytesPerStep ?? 0)),
      ] + cells)
  }

  /// What an engine moved and worked in.
  private func engineCells(
    _ runs: [TimedRun], _ compressor: Compressor, _ point: Point, _ loaded: LoadedModel
  ) -> [(String, Value)] {
    guard let last = runs.last else { return [] }
    func cell(_ number: Int?) -> Value { number.map { .int($0) } ?? .nil }
    var foretold: Int?
    var timedSteps: Int?
    if case .decode(let depth, let batch, let steps) = point.question.work {
      timedSteps = steps
      if compressor.stages.isEmpty {
        // The cache of the middle step, of one rank.
        let shape = loaded.model.cacheShape
        let tokens = Double(max(1, depth) + TimedWork.untimedSteps) + Double(steps + 1) / 2
        let cacheBytes = Int(tokens * Double(batch * shape.layers * shape.tokenBytes)) / point.engine.ranks
        foretold = EngineTraffic.foretoldStepBytes(
          point.engine, cacheBytes: cacheBytes, groupHeads: shape.groupHeads)
      }
    }
    let busy = runs.compactMap(\.ranks).map(\.busySeconds).sorted()
    let rankRate: Value = busy.isEmpty ? .nil : .float(Double(last.tokens) / max(busy[busy.count / 2], 1e-9))
    let cells: [(String, Value)] = [
      ("engine", .string(point.engine.label)), ("scratch_bytes", .int(last.traffic.scratchBytes)),
      ("moved_bytes", cell(timedSteps.map { last.traffic.movedBytes / max(1, $0) })), ("moved_formula", cell(foretold)),
      ("pages", cell(last.pages?.pages)), ("unused_slots", cell(last.pages?.unusedSlots)), ("rank_tok_s", rankRate),
      ("reduced_bytes", cell(last.ranks.map { $0.reducedBytes / max(1, timedSteps ?? 1) })),
    ]
    return cells
  }

  /// Times of all requests of all rounds; nil where no work was a request, or none had a second token.
  static func times(_ runs: [TimedRun]) -> (first: TimeSpread?, between: TimeSpread?, whole: TimeSpread?) {
    let requests = runs.flatMap(\.requests)
    return (
      TimeSpread(requests.compactMap(\.timeToFirstToken)), TimeSpread(requests.compactMap(\.timePerOutputToken)),
      TimeSpread(requests.compactMap(\.endToEnd))
    )
  }

  /// Rows without the columns that no row defines.
  static func withoutEmpty(_ rows: [Record]) -> [Record] {
    let empty = definedBySome.filter { name in rows.allSatisfy { $0[name]?.type ?? .nil == .nil } }
    guard !empty.isEmpty else { return rows }
    return rows.map { row in
      Record(zip(row.keys, row.values).filter { !empty.contains($0.0) }.map { ($0, $1) })
    }
  }
}
