/// One architecture that kvsh runs: how its GGUF files become a model.
public struct ModelFamily: Sendable {
  /// `general.architecture` of its files.
  public let architecture: String
  let load: @Sendable (GGUFFile, Model.Precision, WorkerPool) throws -> Model

  /// The families kvsh knows: one line each.
  public static let all: [ModelFamily] = [
    .llama
  ]
}

extension Model {
  /// Loads a GGUF file.
  ///
  /// - Throws: `RuntimeProblem` K201-K241 (file), K242 (architecture or sizes that kvsh cannot run).
  public static func load(_ file: GGUFFile, precision: Precision = .mixed, pool: WorkerPool) throws -> Model {
    let architecture = try file.string("general.architecture")
    guard let family = ModelFamily.all.first(where: { $0.architecture == architecture }) else {
      throw RuntimeProblem(
        "K242", seen: "\(file.name): architecture '\(architecture)' is not supported yet",
        expected: ModelFamily.all.map(\.architecture).joined(separator: ", "))
    }
    return try family.load(file, precision, pool)
  }
}

extension ModelConfiguration {
  /// Refuses sizes that no kernel can work with, before anything is allocated by them.
  ///
  /// - Throws: `RuntimeProblem` K242.
  func check(file: String) throws {
    func refuse(_ seen: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem("K242", seen: "\(file): \(seen)", expected: expected, suggestion: "convert the model again")
    }
    let sizes = [
      ("layers", layers, 1...4_096), ("embedding length", hidden, 16...65_536),
      ("feed-forward length", feedForward, 16...1_048_576), ("query heads", queryHeads, 1...1_024),
      ("KV heads", kvHeads, 1...1_024), ("head dimension", headDim, 16...512),
      ("vocabulary", vocabulary, 1...4_194_304), ("context length", contextTokens, 1...1_048_576),
    ]
    for (name, size, range) in sizes where !range.contains(size) {
      throw refuse("\(name) \(size)", "\(range.lowerBound) to \(range.upperBound)")
    }
    guard queryHeads % kvHeads == 0 else {
      throw refuse("\(queryHeads) query heads over \(kvHeads) KV heads", "a multiple")
    }
    guard hidden % 32 == 0, feedForward % 32 == 0, headDim % 16 == 0 else {
      throw refuse(
        "embedding \(hidden), feed-forward \(feedForward), head dimension \(headDim)", "multiples of 32, 32 and 16")
    }
    guard normEpsilon >= 0, normEpsilon < 1, rotaryBase > 1, rotaryBase.isFinite else {
      throw refuse("norm epsilon \(normEpsilon), rotary base \(rotaryBase)", "an epsilon in 0..<1 and a base over 1")
    }
  }
}
