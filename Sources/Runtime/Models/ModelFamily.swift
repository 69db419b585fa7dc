/// One architecture that kvsh runs: how the settings of its files become a plan.
public struct ModelFamily: Sendable {
  /// `general.architecture` of its GGUF files.
  public let architectures: [String]
  /// `model_type` of its `config.json`.
  public let modelTypes: [String]
  let gguf: @Sendable (_ file: GGUFFile, _ architecture: String) throws -> DecoderPlan
  let huggingFace: @Sendable (_ config: JSONSettings, _ modelType: String) throws -> DecoderPlan

  /// The families kvsh knows: one line each.
  public static let all: [ModelFamily] = [
    .llama,
    .qwen2,
    .qwen3,
    .phi3,
  ]
}

extension Model {
  /// Loads a GGUF file.
  ///
  /// - Throws: `RuntimeProblem` K201-K241 (file), K242 (architecture or sizes that kvsh cannot run).
  public static func load(_ file: GGUFFile, precision: Precision = .mixed, pool: WorkerPool) throws -> Model {
    let architecture = try file.string("general.architecture")
    guard let family = ModelFamily.all.first(where: { $0.architectures.contains(architecture) }) else {
      throw RuntimeProblem(
        "K242", seen: "\(file.name): architecture '\(architecture)' is not supported yet",
        expected: ModelFamily.all.flatMap(\.architectures).joined(separator: ", "))
    }
    return try Model(
      family.gguf(file, architecture), from: WeightReader(file: file, precision: precision, pool: pool),
      name: file.modelName, precision: precision)
  }

  /// Loads a folder of the `transformers` library: `config.json` and safetensors.
  ///
  /// - Throws: `RuntimeProblem` K201-K241 (files), K242 (model type or sizes that kvsh cannot run).
  public static func load(_ folder: ModelFolder, precision: Precision = .mixed, pool: WorkerPool) throws -> Model {
    let modelType = try folder.config.string("model_type")
    guard let family = ModelFamily.all.first(where: { $0.modelTypes.contains(modelType) }) else {
      throw RuntimeProblem(
        "K242", seen: "\(folder.config.fileName): the model type '\(modelType)' is not supported yet",
        expected: ModelFamily.all.flatMap(\.modelTypes).joined(separator: ", "))
    }
    let plan = try family.huggingFace(folder.config, modelType)
    return try Model(
      plan, from: FolderWeightReader(folder: folder, precision: precision, pool: pool), name: folder.name,
      precision: precision)
  }
}

extension GGUFFile {
  /// The file's name without `.gguf`.
  var modelName: String { name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name }
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
    guard rotaryDim > 0, rotaryDim <= headDim, rotaryDim % 2 == 0 else {
      throw refuse("\(rotaryDim) of \(headDim) channels of a head rotate", "an even number, at most all of them")
    }
    guard normEpsilon >= 0, normEpsilon < 1, rotaryBase > 1, rotaryBase.isFinite else {
      throw refuse("norm epsilon \(normEpsilon), rotary base \(rotaryBase)", "an epsilon in 0..<1 and a base over 1")
    }
  }
}
