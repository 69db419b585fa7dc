import Foundation
import Runtime

/// Everything a row's text depends on besides its prompt: what rows are keyed by.
struct RunSpecification: Codable, Equatable {
  /// Raised when the engine's numbers change.
  static let engineVersion = 2

  var model: String
  var precision: String
  var kernels: String
  var compressor: String
  var chat: Bool
  var maxTokens: Int
  var ignoresEnd: Bool
  var temperature: Double
  var topP: Double
  var topK: Int
  var seed: UInt64
  /// How attention is computed, if not as it is by default: nil, which leaves the hashes of all other rows as they are.
  var attention: String?
  var engine = RunSpecification.engineVersion

  /// SHA-256 of the specification as JSON with sorted keys.
  var hash: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "\(self)"
    return FileDigest.sha256(text)
  }
}
