import Lang
import Runtime

/// The requests of one `route`: the paper's synthetic ones, or those of a run that came through the pipe.
struct RouteRequests {
  private enum Kind {
    /// The place of the configuration in `SyntheticWorkload.methods`.
    case synthetic(Int)
    case replayed(ReplayedWorkload)
  }

  private let kind: Kind

  /// - Throws: `Problem` K605 for rows that do not have both configurations' lengths, K633 for a configuration whose lengths
  ///   nobody published.
  init(_ call: Call, _ compressor: Compressor, _ source: any ThroughputSource) throws {
    if case .table(let table) = call.input {
      kind = .replayed(try Self.replayed(table, compressor, call))
      return
    }
    kind = try call.placing(at: call.isGiven("method") ? "method" : nil) { () throws -> Kind in
      let name = compressor.stages.isEmpty ? "fp16" : try PublishedProfile.configuration(of: compressor).name
      return .synthetic(SyntheticWorkload.methods.firstIndex(of: name) ?? 0)
    }
  }

  /// Lengths for the uncompressed and the compressed configuration.
  func workload(_ options: RouteOptions, rate: Double, seed: UInt64) throws -> RouteWorkload {
    switch kind {
    case .synthetic(let place):
      let synthetic = try SyntheticWorkload(
        requests: options.requests, rate: rate, seed: seed, predictionError: options.predictionError)
      return synthetic.workload().choosing(methods: [0, place])
    case .replayed(let replayed):
      return try replayed.workload(
        requests: options.requests, rate: rate, seed: seed, predictionError: options.predictionError)
    }
  }

  private static func replayed(_ table: Table, _ compressor: Compressor, _ call: Call) throws -> ReplayedWorkload {
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the rows have no column `\(name)`", expected: "rows of `run`",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let (configurations, samples) = (try column("config"), try column("sample"))
    let (prompts, outputs) = (try column("prompt_tokens"), try column("output_tokens"))
    func lengths(_ label: String) -> [(sample: String, prompt: Int, output: Int)] {
      (0..<table.rowCount).compactMap { row in
        guard configurations[row].text == label, let prompt = prompts[row].asInt, let output = outputs[row].asInt else {
          return nil
        }
        return (samples[row].text, max(1, prompt), max(1, output))
      }
    }
    let plain = lengths(Compressor.none.label)
    let compressed = Dictionary(lengths(compressor.label).map { ($0.sample, $0.output) }) { first, _ in first }
    let pairs = plain.compactMap { row in
      compressed[row.sample].map { ReplayedWorkload.Pair(prompt: row.prompt, plain: row.output, compressed: $0) }
    }
    guard !pairs.isEmpty else {
      throw Problem(
        "K605", seen: "no sample has rows of both \(Compressor.none.label) and \(compressor.label)",
        expected: "rows of `compress \(compressor.label) | run ...`", labels: [.init(call.inputSpan ?? call.span)])
    }
    return try call.placingAtInput { try ReplayedWorkload(pairs) }
  }
}
