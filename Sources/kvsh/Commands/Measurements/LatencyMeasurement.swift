import Lang
import Runtime

/// `measure latency prompt=512 gen=64 batch=4`: how long requests wait for their first token, their next, and their last.
struct LatencyMeasurement: Measurement {
  let entry = NameEntry(
    "latency", summary: "Time to the first token, between tokens and to the last, of requests sent at one moment.",
    details: """
      A round sends `batch` requests at one moment, each with `prompt` tokens of its own and `gen` forced new tokens after \
      the first; prompts are read one behind the other, then all decode together.

      ttft is from sending to the first token: waiting, prefill, one sampling. tbot is each request's \
      (latency - ttft) / (tokens - 1), the mean over requests; itl is the gaps between tokens in one pool, which is \
      another number. e2e is from sending to the last token. Percentiles go by straight line at rank (n - 1) p / 100. \
      requests_s, out_tok_s and total_tok_s are over the time from the first sending to the last token: requests, new \
      tokens, and new tokens with the prompts'.

      speedup is the uncompressed cache's mean e2e over the configuration's, with order statistics over the rounds; noise, \
      verdict and when rounds end are those of `measure decode`.
      """,
    parameters: [
      Parameter(
        "prompt", .int, default: .int(512), range: 1...1_048_576, doc: "Tokens of a prompt.", sweepable: true),
      .measuredBatch,
      Parameter("gen", .int, default: .int(64), range: 0...65_536, doc: "Forced new tokens after the first."),
      Parameter(
        "threads", .int, range: 1...1_024, doc: "Threads. Default: the session's.", sweepable: true),
    ] + MeasuringPlan.parameters(warmups: 1),
    examples: [
      Example("compress kivi bits=2 | measure latency prompt=64 gen=4 batch=2 repeat=2", "Two requests at a time.")
    ])

  let columns = [
    "config", "prompt", "batch", "gen", "ttft_ms", "tbot_ms", "e2e_ms", "speedup", "speedup_low", "speedup_high",
    "noise",
    "verdict", "ttft_p50_ms", "ttft_p99_ms", "tbot_p50_ms", "tbot_p99_ms", "itl_ms", "itl_p50_ms", "itl_p99_ms",
    "e2e_p50_ms", "e2e_p99_ms", "requests_s", "out_tok_s", "total_tok_s", "repeats", "threads", "cache_bytes",
    "peak_bytes", "read_bytes",
  ]

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let steps = try call.int("gen")
    let plan = try MeasuringPlan(call)
    let points = call.ints("prompt").flatMap { prompt in
      call.ints("batch").flatMap { batch in call.threadCounts.map { (prompt: prompt, batch: batch, threads: $0) } }
    }
    var rows: [Record] = []
    for (place, point) in points.enumerated() {
      let question = SpeedQuestion.request(prompt: point.prompt, batch: point.batch, steps: steps)
      let engine = loaded.engine.withThreads(point.threads ?? loaded.engine.threads)
      let arms = configurations.map { compressor in
        TimedArm(compressor.label) { try engine.timeRound(of: question, compressor, workbench.cancellation) }
      }
      let comparison = try call.placing(at: "prompt") {
        try plan.compare(question, arms, label: "latency", place: place, places: points.count, workbench.progress)
      }
      for (index, arm) in arms.enumerated() {
        guard let speed = comparison.speeds[index] else { continue }
        let cells: [(String, Value)] = [
          ("config", .string(arm.label)), ("prompt", .int(point.prompt)), ("batch", .int(point.batch)),
          ("gen", .int(steps)), ("threads", .int(engine.threads)),
        ]
        rows.append(record(cells, speed.runs, comparison, index, hasVerdict: plan.noise && index > 0))
      }
      if comparison.end == .cancelled || workbench.cancellation.isCancelled { break }
    }
    return rows
  }

  func notes(_ rows: [Record], _ call: Call) throws -> [String] { try MeasuringPlan(call).notes(rows, call) }

  private func record(
    _ cells: [(String, Value)], _ runs: [TimedRun], _ comparison: SpeedComparison, _ index: Int, hasVerdict: Bool
  ) -> Record {
    func number(_ value: Double?) -> Value { value.map { .float($0) } ?? .nil }
    func spread(_ name: String, _ spread: TimeSpread?) -> [(String, Value)] {
      [
        ("\(name)_ms", number(spread.map { $0.mean * 1e3 })),
        ("\(name)_p50_ms", number(spread.map { $0.median * 1e3 })),
        ("\(name)_p99_ms", number(spread.map { $0.percentile(99) * 1e3 })),
      ]
    }
    let times = SpeedRows.times(runs)
    let rounds = runs.compactMap { ServingTimes($0.requests) }
    let duration = rounds.reduce(0) { $0 + $1.duration }
    // Rounds are one long run without the pauses between them.
    func rate(_ each: (ServingTimes) -> Double) -> Value {
      duration > 0 ? .float(rounds.reduce(0) { $0 + each($1) * $1.duration } / duration) : .nil
    }
    let speedup = comparison.speedup(index)
    let last = runs.last
    let all =
      cells + spread("ttft", times.first) + spread("tbot", times.between) + spread("e2e", times.whole)
      + spread("itl", TimeSpread(runs.flatMap { $0.requests.flatMap(\.gaps) })) + [
        ("speedup", number(speedup?.value)), ("speedup_low", number(speedup?.low)),
        ("speedup_high", number(speedup?.high)), ("noise", comparison.noise.share.map { .share($0) } ?? .nil),
        ("verdict", hasVerdict ? .string(comparison.verdict(index).rawValue) : .nil),
        ("requests_s", rate(\.requestRate)), ("out_tok_s", rate(\.outputRate)), ("total_tok_s", rate(\.totalRate)),
        ("repeats", .int(runs.count)), ("cache_bytes", .int(last?.cacheBytes.held ?? 0)),
        ("peak_bytes", .int(last?.peakBytes ?? 0)), ("read_bytes", .int(last?.readBytesPerStep ?? 0)),
      ]
    return Record(columns.map { name in (name, all.first { $0.0 == name }?.1 ?? .nil) })
  }
}
