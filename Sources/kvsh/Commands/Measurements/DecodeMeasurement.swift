import Lang
import Runtime

/// `measure decode depth=[0,2048] batch=8`: tokens a second of decode steps.
struct DecodeMeasurement: Measurement {
  let entry = NameEntry(
    "decode", summary: "Tokens a second of decode steps, all sequences together.",
    details: """
      A round fills `batch` fresh caches with `depth` tokens each, runs two steps, and times the next `steps`: every round \
      begins at the same depth. depth=0 begins behind a prompt of one token. Filling takes as long as a prefill. By trl \
      and vllm a round is `batch` requests with prompts of `depth` tokens, `steps` forced new tokens after the first, and \
      no end of text.

      \(SpeedRows.intervalDoc)

      \(SpeedRows.engineDoc)
      """,
    parameters: [
      Parameter(
        "depth", .int, default: .int(0), range: 0...1_048_576, doc: "Tokens in the cache at first.", sweepable: true),
      .measuredBatch,
      Parameter("steps", .int, default: .int(64), range: 1...65_536, doc: "Timed steps of a round."),
    ] + SpeedRows.parameters(warmups: 0) + EngineArguments.parameters(isSweep: true),
    examples: [
      Example("compress kivi bits=2 | measure decode depth=[64,256] steps=4 repeat=2", "Two depths, two caches.")
    ])

  let columns = ["config", "depth", "batch", "steps"] + SpeedRows.rateColumns

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let steps = try call.int("steps")
    let style = try call.throughputStyle()
    let engines = try EngineArguments.checkedEngines(call, configurations, loaded)
    let points = call.ints("depth").flatMap { depth in
      call.ints("batch").flatMap { batch in
        call.threadCounts.flatMap { threads in
          engines.map { engine in
            SpeedRows.Point(
              question: .decode(depth: depth, batch: batch, steps: steps, style: style), threads: threads,
              engine: engine, cells: [("depth", .int(depth)), ("batch", .int(batch)), ("steps", .int(steps))])
          }
        }
      }
    }
    let speeds = SpeedRows(label: "decode", plan: try MeasuringPlan(call))
    return try call.placing(at: "depth") { try speeds.rows(points, configurations, loaded, workbench) }
  }

  func notes(_ rows: [Record], _ call: Call) throws -> [String] { try MeasuringPlan(call).notes(rows, call) }
}
