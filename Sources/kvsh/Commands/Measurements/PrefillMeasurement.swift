import Lang
import Runtime

/// `measure prefill tokens=[512,2048]`: tokens a second of prompts.
struct PrefillMeasurement: Measurement {
  let entry = NameEntry(
    "prefill", summary: "Tokens a second of prompts, packing or dropping at their end included.",
    details: """
      A round runs `batch` prompts one behind the other, each up to the logits of its first new token, into fresh caches.

      \(SpeedRows.intervalDoc)

      \(SpeedRows.engineDoc)
      """,
    parameters: [
      Parameter(
        "tokens", .int, default: .int(512), range: 1...1_048_576, doc: "Tokens of a prompt.", sweepable: true),
      .measuredBatch, .measuredRepeats,
      Parameter("warmup", .int, default: .int(1), range: 0...100, doc: "Rounds before those that count."),
    ] + EngineArguments.parameters(isSweep: true),
    examples: [Example("measure prefill tokens=64 repeat=2", "Tokens a second of a prompt, uncompressed.")])

  let columns = ["config", "tokens", "batch"] + SpeedRows.rateColumns.filter { !SpeedRows.stepColumns.contains($0) }

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let points = call.ints("tokens").flatMap { tokens in
      call.ints("batch").map { batch in
        SpeedRows.Point(
          work: .prefill(tokens: tokens, batch: batch), cells: [("tokens", .int(tokens)), ("batch", .int(batch))])
      }
    }
    let speeds = SpeedRows(label: "prefill", warmups: try call.int("warmup"), repeats: try call.int("repeat"))
    let engines = try EngineArguments.checkedEngines(call, configurations, loaded)
    return try call.placing(at: "tokens") { try speeds.rows(points, configurations, on: engines, loaded, workbench) }
  }
}
