import Foundation

/// A model as the `transformers` library saves it: a folder of `config.json`, safetensors in one file or in shards with
/// an index, and the tokenizer's files.
public final class ModelFolder: Sendable {
  public let path: String
  /// The last component of the path, which messages and the model's name use.
  public let name: String
  public let config: JSONSettings
  /// The weight files in the order of their names.
  public let shards: [SafetensorsFile]
  /// The shard of each tensor.
  private let shardOfTensor: [String: Int]

  /// Whether a path is a folder, so that it is opened as one.
  public static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Opens a folder and checks its weight files against the index.
  ///
  /// - Throws: `RuntimeProblem` K201 (a file cannot be opened), K211 (damaged weights), K212 (a type), K213 (JSON),
  ///   K214 (a file is missing, or index and shards disagree).
  public init(path: String) throws {
    let name = URL(fileURLWithPath: path).lastPathComponent
    self.path = path
    self.name = name
    func place(_ file: String) -> String { path + "/" + file }
    guard FileManager.default.fileExists(atPath: place("config.json")) else {
      throw RuntimeProblem(
        "K214", seen: "\(name): the folder has no config.json",
        expected: "a folder with config.json, safetensors and tokenizer.json",
        suggestion: "name the folder that holds config.json, or a .gguf file")
    }
    config = try JSONSettings(path: place("config.json"), fileName: "\(name)/config.json")
    if FileManager.default.fileExists(atPath: place("model.safetensors.index.json")) {
      let index = try JSONSettings(
        path: place("model.safetensors.index.json"), fileName: "\(name)/model.safetensors.index.json")
      (shards, shardOfTensor) = try ModelFolder.open(index, path: path, name: name)
    } else if FileManager.default.fileExists(atPath: place("model.safetensors")) {
      let file = try SafetensorsFile(path: place("model.safetensors"))
      shards = [file]
      shardOfTensor = file.tensors.mapValues { _ in 0 }
    } else {
      let others = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      let pickled = others.contains { $0.hasSuffix(".bin") || $0.hasSuffix(".pth") || $0.hasSuffix(".pt") }
      throw RuntimeProblem(
        "K214",
        seen: "\(name): the folder has no model.safetensors and no model.safetensors.index.json"
          + (pickled ? ", but pickled weights" : ""),
        expected: "weights in safetensors",
        suggestion: pickled ? "save the model again with safe_serialization" : FormatProblems.fetchAgain)
    }
  }

  /// Opens the shards that an index names and checks that each tensor is where the index puts it.
  private static func open(
    _ index: JSONSettings, path: String, name: String
  ) throws -> (shards: [SafetensorsFile], shardOfTensor: [String: Int]) {
    guard case .object(let members) = index.tree["weight_map"] else {
      throw RuntimeProblem(
        "K207", seen: "\(index.fileName) has no 'weight_map'", expected: "an object of tensor and file names",
        suggestion: FormatProblems.fetchAgain)
    }
    var fileOfTensor: [(tensor: String, file: String)] = []
    for member in members {
      guard case .string(let file) = member.value, !file.contains("/") else {
        throw index.mismatch("weight_map.\(member.key)", member.value, "the name of a file in the folder")
      }
      fileOfTensor.append((member.key, file))
    }
    let files = Set(fileOfTensor.map(\.file)).sorted()
    for file in files where !FileManager.default.fileExists(atPath: path + "/" + file) {
      throw RuntimeProblem(
        "K214", seen: "\(name): the shard \(file) is missing",
        expected: "all \(files.count.grouped) files that model.safetensors.index.json names",
        suggestion: "fetch \(file) into the folder")
    }
    let shards = try files.map { try SafetensorsFile(path: path + "/" + $0) }
    let numbers = Dictionary(zip(files, files.indices), uniquingKeysWith: { first, _ in first })
    var shardOfTensor: [String: Int] = [:]
    for (tensor, file) in fileOfTensor {
      guard let number = numbers[file], shards[number].tensors[tensor] != nil else {
        throw RuntimeProblem(
          "K214", seen: "\(name)/\(file): there is no tensor '\(tensor)', which the index puts there",
          expected: "shards and index of the same model", suggestion: FormatProblems.fetchAgain)
      }
      shardOfTensor[tensor] = number
    }
    return (shards, shardOfTensor)
  }

  /// Names of all tensors.
  public var tensorNames: [String] { shardOfTensor.keys.sorted() }

  /// The file that holds a tensor.
  ///
  /// - Throws: `RuntimeProblem` K209 if none does.
  public func shard(of tensor: String) throws -> SafetensorsFile {
    guard let number = shardOfTensor[tensor] else {
      throw RuntimeProblem(
        "K209", seen: "\(name): there is no tensor '\(tensor)'",
        expected: "a model with it; the folder has \(shardOfTensor.count.grouped) tensors")
    }
    return shards[number]
  }

  func has(_ tensor: String) -> Bool { shardOfTensor[tensor] != nil }

  /// The text of a file of the folder, or nil if it has none; throws K201 if it cannot be opened.
  func text(_ file: String) throws -> String? {
    guard FileManager.default.fileExists(atPath: path + "/" + file) else { return nil }
    return try MappedFile(path: path + "/" + file).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A JSON file of the folder, or nil if it has none.
  ///
  /// - Throws: `RuntimeProblem` K201, K213.
  func settings(_ file: String) throws -> JSONSettings? {
    guard FileManager.default.fileExists(atPath: path + "/" + file) else { return nil }
    return try JSONSettings(path: path + "/" + file, fileName: "\(name)/\(file)")
  }
}
