import Lang
import Runtime

/// The requests of a `serve-study` and how long each configuration answers, out of a run that is kept like any other.
///
/// What a request is answered does not depend on who decodes beside it, so the run tells each answer's length beforehand:
/// the simulation needs it, and so do policies that ask a length predictor.
struct ServeAnswers {
  let samples: [PreparedSample]
  /// By configuration label, one a sample.
  private let rows: [String: [StoredRow]]

  /// - Returns: nil if the user ended the run before every answer was there.
  init?(_ study: StudyRun, line: String) throws {
    let outcome = try study.run(line: line)
    guard !outcome.wasCancelled else { return nil }
    samples = study.samples
    var rows: [String: [StoredRow]] = [:]
    for (arm, found) in zip(study.arms, outcome.rows) {
      rows[arm.label] = study.samples.compactMap { found[study.key($0)] }
    }
    self.rows = rows
  }

  private func rows(_ compressor: Compressor) -> [StoredRow] { rows[compressor.label] ?? [] }

  /// Tokens that were sampled: those of the answer, and the end of the turn if it came.
  static func sampledTokens(_ row: StoredRow) -> Int {
    max(1, row.outputTokens + (row.finish == Generation.Finish.eos.rawValue ? 1 : 0))
  }

  /// The prompts with their answers' lengths, uncompressed and compressed.
  ///
  /// - Throws: K620 without samples.
  func workload(_ compressor: Compressor) throws -> ReplayedWorkload {
    try ReplayedWorkload(
      zip(samples, zip(rows(.none), rows(compressor))).map { sample, rows in
        .init(
          prompt: sample.ids.count, plain: Self.sampledTokens(rows.0), compressed: Self.sampledTokens(rows.1))
      })
  }

  var requests: [GenerationRequest] {
    samples.map {
      GenerationRequest(sample: $0.request.id, prompt: $0.ids, text: $0.text, maxTokens: $0.maxTokens)
    }
  }

  /// How many answers of a served run are not those of the run before.
  func differing(_ served: ServedRun, _ fleet: RouteFleet, _ methods: [Compressor], _ tokenizer: Tokenizer) -> Int {
    served.tokens.indices.count { request in
      let row = rows(methods[fleet.serverMethods[served.result.servers[request]]])[request]
      let isEnded = row.finish == Generation.Finish.eos.rawValue
      let tokens = isEnded ? Array(served.tokens[request].dropLast()) : served.tokens[request]
      return tokenizer.decode(tokens, skipSpecial: true) != row.text
    }
  }
}
