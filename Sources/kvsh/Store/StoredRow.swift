import Foundation
import GRDB

/// One finished (configuration, sample) as the store keeps it.
struct StoredRow: Codable, Equatable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "rows"

  /// Hash of the run's specification.
  var spec: String
  /// Name of the sample within its data set.
  var sample: String
  /// Hash of the prompt's token ids.
  var prompt: String
  var config: String
  var storage: String
  var promptTokens: Int
  /// Tokens of the prompt that reached the model.
  var keptTokens: Int
  var outputTokens: Int
  var finish: String
  var text: String
  var truncated: Bool
  var ttftMs: Double
  var tbotMs: Double?
  var e2eMs: Double
  var batch: Int
  var cacheBytes: Int
  var cacheBytesPeak: Int
  var payloadBytes: Int
  var scaleBytes: Int
  var metadataBytes: Int
  var exactTailBytes: Int
  var correctionBytes: Int
  var slackBytes: Int
  var readBytes: Int
  // Milliseconds of e2eMs by what the engine did; nil in rows of a kvsh that did not measure them.
  var modelMs: Double?
  var attentionMs: Double?
  var scoreMs: Double?
  var selectMs: Double?
  var packMs: Double?
  /// The line that computed it, and when it was finished; nil in rows of a kvsh that did not keep them.
  var line: Int64?
  var finished: Date?
}
