import Foundation
import Runtime

/// A model with its tokenizer and chat template, and an engine to run it.
final class LoadedModel {
  let path: String
  let model: Model
  let tokenizer: Tokenizer
  let template: ChatTemplate
  let kernels: String
  let engine: BatchEngine
  private var knownDigest: String?

  init(
    path: String, model: Model, tokenizer: Tokenizer, template: ChatTemplate, kernels: String, engine: BatchEngine
  ) {
    self.path = path
    self.model = model
    self.tokenizer = tokenizer
    self.template = template
    self.kernels = kernels
    self.engine = engine
  }

  /// SHA-256 of the file; asked for when rows are keyed or the model is shown, as it takes a while.
  ///
  /// - Throws: `RuntimeProblem` K201 if the file is gone, K501.
  func digest(_ store: Store?) throws -> String {
    if let knownDigest { return knownDigest }
    let digest = try FileDigest.sha256(path: path, store: store)
    knownDigest = digest
    return digest
  }

  /// Token ids of a text on its own, with the tokenizer's opening token if the file asks for one.
  func rawIds(_ text: String) -> [Int32] {
    let ids = tokenizer.encode(text, parseSpecial: false)
    guard tokenizer.addsBos, let bos = tokenizer.bosId else { return ids }
    return [bos] + ids
  }

  /// Whether the file has a chat template.
  var chats: Bool { template.family != .none }
}

/// Finds model files and keeps the one in use loaded.
final class ModelLibrary {
  private let home: String
  private var loaded: LoadedModel?
  /// What `model` chose; nil is the default.
  var chosen: (name: String, precision: Model.Precision)?

  init(home: String) { self.home = home }

  private var folder: String { home + "/models" }

  /// GGUF files in the models folder, by name.
  var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".gguf") }.sorted()
  }

  /// The model in use, loaded when first needed.
  ///
  /// - Throws: `RuntimeProblem` K502 if there is none, K201... if its file is not right.
  func current() throws -> LoadedModel {
    let name = chosen?.name ?? ProcessInfo.processInfo.environment["KVSH_MODEL"] ?? ""
    let path = try resolve(name)
    let precision = chosen?.precision ?? .mixed
    if let loaded, loaded.path == path, loaded.model.precision == precision { return loaded }
    let model = try load(path, precision)
    loaded = model
    return model
  }

  /// The file that a name or path means: a path, a file of the models folder, or the only one whose name begins so.
  func resolve(_ name: String) throws -> String {
    let files = files
    if name.isEmpty {
      guard let first = files.first(where: { $0.hasPrefix("SmolLM2-135M-Instruct") }) ?? files.first else {
        throw RuntimeProblem(
          "K502", seen: "there is no model in \(folder)", expected: "a .gguf file",
          suggestion: "run scripts/setup, or name a file: model PATH")
      }
      return folder + "/" + first
    }
    let path = TextFile.expanded(name)
    if FileManager.default.fileExists(atPath: path), name.contains("/") || name.hasSuffix(".gguf") { return path }
    let wanted = name.lowercased()
    let exact = files.filter { [wanted, wanted + ".gguf"].contains($0.lowercased()) }
    let matches = exact.isEmpty ? files.filter { $0.lowercased().hasPrefix(wanted) } : exact
    guard matches.count == 1, let match = matches.first else {
      throw RuntimeProblem(
        "K502", seen: matches.isEmpty ? "there is no model '\(name)'" : "'\(name)' means \(matches.count) models",
        expected: files.isEmpty ? "a path to a .gguf file" : "a path, or one of " + files.joined(separator: ", "))
    }
    return folder + "/" + match
  }

  private func load(_ path: String, _ precision: Model.Precision) throws -> LoadedModel {
    let file = try GGUFFile(path: path)
    let set = try InstructionSet.chosen()
    let pool = WorkerPool(threads: try Self.threads())
    let tokenizer = try Tokenizer(file)
    let model = try Model.load(file, precision: precision, pool: pool)
    let engine = BatchEngine(model: model, endTokens: tokenizer.endIds, instructionSet: set, pool: pool)
    return LoadedModel(
      path: path, model: model, tokenizer: tokenizer, template: try ChatTemplate.recognise(file), kernels: set.rawValue,
      engine: engine)
  }

  /// `KVSH_THREADS`, or all cores.
  static func threads(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Int {
    guard let text = environment["KVSH_THREADS"], !text.isEmpty else {
      return ProcessInfo.processInfo.activeProcessorCount
    }
    guard let count = Int(text), (1...1_024).contains(count) else {
      throw RuntimeProblem(
        "K604", seen: "KVSH_THREADS=\(text)", expected: "a number of threads from 1 to 1024",
        suggestion: "unset KVSH_THREADS")
    }
    return count
  }
}
