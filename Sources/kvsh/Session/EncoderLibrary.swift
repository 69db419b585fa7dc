import Foundation
import Runtime

/// Finds the sentence encoder under `$KVSH_HOME/encoders` and keeps it loaded.
final class EncoderLibrary {
  /// The folder that `scripts/setup` fetches.
  static let defaultName = "all-MiniLM-L6-v2"

  private let home: String
  private let models: ModelLibrary
  private var loaded: SentenceEncoder?

  init(home: String, models: ModelLibrary) {
    self.home = home
    self.models = models
  }

  /// Where the encoder is, or nil if there is none: the default, else the first folder by name.
  var path: String? {
    let folder = home + "/encoders"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let found = names.sorted().filter {
      FileManager.default.fileExists(atPath: folder + "/" + $0 + "/model.safetensors")
    }
    return (found.first { $0 == Self.defaultName } ?? found.first).map { folder + "/" + $0 }
  }

  /// The encoder, loaded when first needed.
  ///
  /// - Throws: `RuntimeProblem` K650 if there is none, K201... if its files are not right; K601, K604.
  func current() throws -> SentenceEncoder {
    if let loaded { return loaded }
    guard let path else {
      throw RuntimeProblem(
        EncoderProblems.missing, seen: "there is no sentence encoder in \(home)/encoders",
        expected: "a folder with config.json, model.safetensors and tokenizer.json, such as \(Self.defaultName)",
        suggestion: "run scripts/setup, which fetches it")
    }
    let encoder = try SentenceEncoder(path: path, kernels: try InstructionSet.chosen(), pool: try models.threads())
    loaded = encoder
    return encoder
  }
}
