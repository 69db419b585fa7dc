import Lang
import Runtime

/// `measure prefill tokens=[512,2048]`: tokens a second of prompts.
struct PrefillMeasurement: Measurement {
  let entry = NameEntry(
    "prefill", summary: "Tokens a second of prompts, packing or dropping at their end included.",
    details: """
      A round runs `batch` prompts one behind the other, each up to the logits of its first new token, into fresh caches; \
      by trl and vllm that token is sampled too.

      \(SpeedRows.intervalDoc)

      \(SpeedRows.engineDoc)
      """,
    parameters: [
      Parameter(
        "tokens", .int, default: .int(512), range: 1...1_048_576, doc: "Tokens of a prompt.", sweepable: true),
      .measuredBatch,
    ] + SpeedRows.parameters(warmups: 1) + EngineArguments.parameters(isSweep: true),
    examples: [Example("measure prefill tokens=64 repeat=3", "Tokens a second of a prompt, uncompressed.")])

  let columns =
    ["config", "tokens", "batch"] + SpeedRows.rateColumns.filter { !SpeedRows.stepColumns.contains($0) }

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let style = try call.throughputStyle()
    let engines = try EngineArguments.checkedEngines(call, configurations, loaded)
    let points = call.ints("tokens").flatMap { tokens in
      call.ints("batch").flatMap { batch in
        call.threadCounts.flatMap { threads in
          engines.map { engine in
            SpeedRows.Point(
              question: .prefill(tokens: tokens, batch: batch, style: style), threads: threads,
              engine: engine, cells: [("tokens", .int(tokens)), ("batch", .int(batch))])
          }
        }
      }
    }
    let speeds = SpeedRows(label: "prefill", plan: try MeasuringPlan(call))
    return try call.placing(at: "tokens") { try speeds.rows(points, configurations, loaded, workbench) }
  }

  func notes(_ rows: [Record], _ call: Call) throws -> [String] { try MeasuringPlan(call).notes(rows, call) }
}
