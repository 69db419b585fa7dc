import Foundation
import Lang
import Runtime

/// `measure memory tokens=1024 batch=32`: bytes of caches, counted and as the operating system sees them.
struct MemoryMeasurement: Measurement {
  let entry = NameEntry(
    "memory", summary: "Bytes of caches by kind, the peak, and what the process really occupies.",
    details: """
      Every sequence's text has `tokens` tokens, the last `steps` of them decoded. held_bytes is counted at the end, \
      peak_bytes at most, a prompt's cache before it is packed or dropped included; the columns between say of what it \
      consists. ratio is the uncompressed cache of the same tokens over held_bytes.

      process_bytes is the process's high-water resident set (Linux: VmHWM) over what was resident with the weights \
      alone: caches, allocations' slack and working memory. resident_bytes is that with weights and program, \
      weight_bytes the repacked weights, mapped_bytes what of the model's file is resident beside them.
      """,
    parameters: [
      Parameter(
        "tokens", .int, default: .int(1_024), range: 1...1_048_576, doc: "Tokens of a sequence's text.",
        sweepable: true),
      .measuredBatch,
      Parameter("steps", .int, default: .int(4), range: 0...65_536, doc: "How many of the tokens are decoded."),
    ],
    examples: [Example("compress kivi bits=[2,4] | measure memory tokens=256 batch=2", "Bytes by kind.")])

  let columns = [
    "config", "tokens", "batch", "held_bytes", "peak_bytes", "payload_bytes", "scale_bytes", "metadata_bytes",
    "tail_bytes", "correction_bytes", "slack_bytes", "ratio", "storage", "process_bytes", "resident_bytes",
    "weight_bytes", "mapped_bytes",
  ]

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let points = call.ints("tokens").flatMap { tokens in call.ints("batch").map { (tokens: tokens, batch: $0) } }
    let steps = try call.int("steps")
    var rows: [Record] = []
    for point in points {
      for compressor in configurations {
        workbench.progress.update(
          ProgressState(
            label: "memory", done: rows.count, total: points.count * configurations.count, note: compressor.label))
        do {
          let run = try call.placing(at: "tokens") {
            try loaded.engine.memory(
              tokens: point.tokens, batch: point.batch, steps: steps, compressor, workbench.cancellation)
          }
          rows.append(record(run, point, compressor, loaded))
        } catch is CancellationError {
          return rows
        }
      }
    }
    return rows
  }

  private func record(
    _ run: MemoryRun, _ point: (tokens: Int, batch: Int), _ compressor: Compressor, _ loaded: LoadedModel
  ) -> Record {
    func cell(_ bytes: Int?) -> Value { bytes.map { .int($0) } ?? .nil }
    let file = URL(fileURLWithPath: loaded.path).resolvingSymlinksInPath().path
    return Record([
      ("config", .string(compressor.label)), ("tokens", .int(point.tokens)), ("batch", .int(point.batch)),
      ("held_bytes", .int(run.steady.held)), ("peak_bytes", .int(run.peakBytes)),
      ("payload_bytes", .int(run.steady.payload)), ("scale_bytes", .int(run.steady.scales)),
      ("metadata_bytes", .int(run.steady.metadata)), ("tail_bytes", .int(run.steady.exactTail)),
      ("correction_bytes", .int(run.steady.corrections)), ("slack_bytes", .int(run.steady.slack)),
      ("ratio", .float(Double(run.uncompressedBytes) / Double(max(1, run.steady.held)))),
      ("storage", .string(compressor.storage.rawValue)), ("process_bytes", cell(run.processBytes)),
      ("resident_bytes", cell(run.residentBytes)), ("weight_bytes", .int(loaded.model.weightBytes)),
      ("mapped_bytes", cell(ProcessMemory.residentBytes(ofFile: file))),
    ])
  }
}
