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

  /// - Throws: `Problem` K605 for rows that do not have both configurations' lengths, K623 for a sample that comes twice, K633 for a configuration whose lengths
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
    func lengths(_ label: String) throws -> [(sample: String, prompt: Int, output: Int)] {
      var seen: Set<String> = []
      return try (0..<table.rowCount).filter { configurations[$0].text == label }.map { row in
        let sample = samples[row].text
        guard let prompt = prompts[row].asInt, let output = outputs[row].asInt else {
          throw Problem(
            "K605", seen: "row \(row) (\(label), sample \(sample)) has no number of tokens",
            expected: "whole numbers as prompt_tokens and output_tokens",
            labels: [.init(call.inputSpan ?? call.span)])
        }
        guard seen.insert(sample).inserted else {
          throw Problem(
            MetricProblems.duplicateSample, seen: "sample '\(sample)' occurs twice among the rows of \(label)",
            expected: "one row per sample", suggestion: "keep one run per configuration with `where`",
            labels: [.init(call.inputSpan ?? call.span)])
        }
        return (sample, max(1, prompt), max(1, output))
      }
    }
    let plain = try lengths(Compressor.none.label)
    let compressed = Dictionary(try lengths(compressor.label).map { ($0.sample, $0.output) }) { first, _ in first }
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
