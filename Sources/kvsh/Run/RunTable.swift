import Lang
import Runtime

/// Stored rows as the table that `run` yields; one declaration of its columns.
enum RunTable {
  private static let columns: [(name: String, cell: @Sendable (StoredRow) -> Value)] = [
    ("config", { .string($0.config) }),
    ("sample", { .string($0.sample) }),
    ("prompt_tokens", { .int($0.promptTokens) }),
    ("output_tokens", { .int($0.outputTokens) }),
    ("finish", { .string($0.finish) }),
    ("text", { .string($0.text) }),
    ("score", { _ in .nil }),
    ("ttft_ms", { .float($0.ttftMs) }),
    ("tbot_ms", { $0.tbotMs.map { .float($0) } ?? .nil }),
    ("e2e_ms", { .float($0.e2eMs) }),
    ("cache_bytes", { .int($0.cacheBytes) }),
    ("cache_bytes_peak", { .int($0.cacheBytesPeak) }),
    ("read_bytes", { .int($0.readBytes) }),
    ("storage", { .string($0.storage) }),
    ("truncated", { .bool($0.truncated) }),
    ("kept_tokens", { .int($0.keptTokens) }),
    ("batch", { .int($0.batch) }),
    ("payload_bytes", { .int($0.payloadBytes) }),
    ("scale_bytes", { .int($0.scaleBytes) }),
    ("metadata_bytes", { .int($0.metadataBytes) }),
    ("tail_bytes", { .int($0.exactTailBytes) }),
    ("correction_bytes", { .int($0.correctionBytes) }),
    ("slack_bytes", { .int($0.slackBytes) }),
  ]

  static let columnNames = columns.map(\.name)

  static func table(_ rows: [StoredRow]) -> Table {
    Table(columns: columns.map { column in .init(column.name, ColumnData(rows.map(column.cell))) })
  }
}
