import Lang
import Runtime

/// A length predictor of the store with the encoder it was trained with.
struct StoredLengthPredictor {
  let past: Store.PastPredictor
  private let encoder: SentenceEncoder?

  /// - Parameter id: its number; nil is the newest.
  /// - Throws: `RuntimeProblem` K656, K657, K659 for another encoder, and as `EncoderLibrary.current`.
  init(_ id: Int64?, _ workbench: Workbench) throws {
    past = try workbench.store().lengthPredictor(id)
    encoder = past.predictor.features == .minilm ? try workbench.encoders.current() : nil
    guard encoder?.name == past.predictor.encoder else {
      throw RuntimeProblem(
        LengthPredictionProblems.otherFeatures,
        seen: "length predictor \(past.id) was trained with \(past.predictor.encoder ?? "hashed words")",
        expected: "the encoder \(encoder?.name ?? "it was trained with")", suggestion: again)
    }
  }

  private var again: String { "train it again: train length from=\(past.source)" }

  func entry(_ configuration: String) -> LengthPredictor.Entry? {
    past.predictor.entries.first { $0.configuration == configuration }
  }

  /// What it reads of prompts. // [prompts, features]
  ///
  /// - Throws: `RuntimeProblem` K659 for features of another width, and as `LengthFeatures.rows`.
  func features(_ prompts: [String], _ promptTokens: [Int]) throws -> FeatureRows {
    let features = try LengthFeatures.rows(prompts: prompts, promptTokens: promptTokens, encoder: encoder)
    guard features.width == past.predictor.width else {
      throw RuntimeProblem(
        LengthPredictionProblems.otherFeatures,
        seen: "length predictor \(past.id) takes \(past.predictor.width) features, and there are \(features.width)",
        expected: "the encoder it was trained with", suggestion: again)
    }
    return features
  }
}
