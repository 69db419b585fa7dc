import Lang
import Runtime

/// Stored rows as the table that `run` yields; one declaration of its columns.
enum RunTable {
  /// What a row of the table is made of.
  struct Source {
    let row: StoredRow
    /// What was asked; nil for a row that is read back from the store without its data set.
    var request: Request?
    var scoring: AnswerScoring?
    /// Cuts Chinese answers into words; nil leaves those without a score.
    var segmenter: ChineseSegmenter?
    /// What computed the row.
    var origin: RunRecord?
    /// What `compress auto` chose; nil in rows of a configuration that is the same for all.
    var choice: String?

    /// Computed anew from text and reference: answers are stored, scores are not.
    var score: Double? {
      if let judgement = request?.judgement { return judgement.score(row.text, words: segmenter) }
      guard let scoring, let reference = request?.reference else { return nil }
      return scoring.score(row.text, reference: reference)
    }
  }

  private static let columns: [(name: String, cell: @Sendable (Source) -> Value)] = [
    ("config", { .string($0.row.config) }),
    ("sample", { .string($0.row.sample) }),
    ("prompt_tokens", { .int($0.row.promptTokens) }),
    ("output_tokens", { .int($0.row.outputTokens) }),
    ("finish", { .string($0.row.finish) }),
    ("text", { .string($0.row.text) }),
    ("score", { $0.score.map { .float($0) } ?? .nil }),
    ("ttft_ms", { .float($0.row.ttftMs) }),
    ("tbot_ms", { $0.row.tbotMs.map { .float($0) } ?? .nil }),
    ("e2e_ms", { .float($0.row.e2eMs) }),
    ("cache_bytes", { .int($0.row.cacheBytes) }),
    ("cache_bytes_peak", { .int($0.row.cacheBytesPeak) }),
    ("read_bytes", { .int($0.row.readBytes) }),
    ("storage", { .string($0.row.storage) }),
    ("truncated", { .bool($0.row.truncated) }),
    ("kept_tokens", { .int($0.row.keptTokens) }),
    ("batch", { .int($0.row.batch) }),
    ("payload_bytes", { .int($0.row.payloadBytes) }),
    ("scale_bytes", { .int($0.row.scaleBytes) }),
    ("metadata_bytes", { .int($0.row.metadataBytes) }),
    ("tail_bytes", { .int($0.row.exactTailBytes) }),
    ("correction_bytes", { .int($0.row.correctionBytes) }),
    ("slack_bytes", { .int($0.row.slackBytes) }),
    ("depth", { $0.request?.meta["depth"].flatMap(Double.init).map { .float($0) } ?? .nil }),
    ("model_ms", { milliseconds($0.row.modelMs) }),
    ("attention_ms", { milliseconds($0.row.attentionMs) }),
    ("score_ms", { milliseconds($0.row.scoreMs) }),
    ("select_ms", { milliseconds($0.row.selectMs) }),
    ("pack_ms", { milliseconds($0.row.packMs) }),
    ("reference", { $0.request?.reference.map { .string($0) } ?? .nil }),
    ("choice", { $0.choice.map { .string($0) } ?? .nil }),
  ]

  private static func milliseconds(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }

  static let columnNames = columns.map(\.name)

  static func table(_ rows: [Source]) -> Table { table(rows, columns) }

  /// The same with where each row comes from; nil in rows of a kvsh that did not keep it.
  static func tableWithOrigins(_ rows: [Source]) -> Table { table(rows, columns + origins) }

  private static func table(_ rows: [Source], _ columns: [(name: String, cell: @Sendable (Source) -> Value)]) -> Table {
    Table(columns: columns.map { column in .init(column.name, ColumnData(rows.map(column.cell))) })
  }

  private static let origins: [(name: String, cell: @Sendable (Source) -> Value)] = [
    ("spec", { .string($0.row.spec) }),
    ("line", { $0.row.line.map { .int(Int($0)) } ?? .nil }),
    ("finished", { $0.row.finished.map { .string($0.formatted(.iso8601)) } ?? .nil }),
    ("model", { text($0.origin?.model) }),
    ("model_sha256", { text($0.origin?.modelDigest) }),
    ("machine", { text($0.origin?.machine) }),
    ("kvsh", { text($0.origin?.kvsh) }),
    ("commit", { text($0.origin?.commit) }),
    ("program", { text($0.origin?.program) }),
  ]

  private static func text(_ text: String?) -> Value { text.map { .string($0) } ?? .nil }
}

extension RunTable.Source {
  /// A row of a past line.
  init(_ past: Store.LineRow, origin: RunRecord? = nil) {
    self.init(row: past.row, origin: origin, choice: past.choice)
  }
}
