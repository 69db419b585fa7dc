import Foundation
import Runtime

/// A model with its tokenizer and chat template, and an engine to run it.
final class LoadedModel {
  let path: String
  let model: Model
  let tokenizer: Tokenizer
  private let recognised: Result<ChatTemplate, RuntimeProblem>
  let kernels: String
  let engine: BatchEngine
  private let cancellation: Runtime.Cancellation
  private var knownDigest: String?

  init(
    path: String, model: Model, tokenizer: Tokenizer, template: Result<ChatTemplate, RuntimeProblem>, kernels: String,
    engine: BatchEngine, cancellation: Runtime.Cancellation
  ) {
    self.path = path
    self.model = model
    self.tokenizer = tokenizer
    recognised = template
    self.kernels = kernels
    self.engine = engine
    self.cancellation = cancellation
  }

  /// How the model wants a conversation written out.
  ///
  /// - Throws: `RuntimeProblem` K231 if its template is not known; the model still runs without one.
  var template: ChatTemplate { get throws { try recognised.get() } }

  /// SHA-256 of the file, or of a folder's files; asked for when rows are keyed or the model is shown, as it takes a while.
  ///
  /// - Throws: `RuntimeProblem` K201 if the file is gone, K501; `CancellationError`.
  func digest(_ store: Store?) throws -> String {
    if let knownDigest { return knownDigest }
    let digest =
      try ModelFolder.isFolder(path)
      ? FileDigest.sha256(folder: path, store: store, cancellation)
      : FileDigest.sha256(path: path, store: store, cancellation)
    knownDigest = digest
    return digest
  }

  /// Token ids of a text on its own, with the tokenizer's opening token if the file asks for one.
  func rawIds(_ text: String) -> [Int32] {
    let ids = tokenizer.encode(text, parseSpecial: false)
    guard tokenizer.addsBos, let bos = tokenizer.bosId else { return ids }
    return [bos] + ids
  }

  /// Whether the file has a chat template, known or not.
  var chats: Bool { (try? recognised.get())?.family != ChatTemplate.Family.none }
}

/// Finds model files and keeps the one in use loaded.
final class ModelLibrary {
  private let home: String
  /// Ends loading, and what runs on the threads of the model that is loaded.
  private let cancellation: Runtime.Cancellation
  private var pool: WorkerPool?
  private var loaded: LoadedModel?
  /// What `model` chose; nil is the default.
  var chosen: (name: String, precision: Model.Precision)?

  init(home: String, cancellation: Runtime.Cancellation) {
    self.home = home
    self.cancellation = cancellation
  }

  private var folder: String { home + "/models" }

  /// GGUF files and model folders in the models folder, by name.
  var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".gguf") || Self.isModelFolder(folder + "/" + $0) }.sorted()
  }

  private static func isModelFolder(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/config.json")
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

  /// The file or folder that a name or path means: a path, a file of the models folder, or the only one whose name begins so.
  func resolve(_ name: String) throws -> String {
    let files = files
    if name.isEmpty {
      guard let first = files.first(where: { $0.hasPrefix("SmolLM2-135M-Instruct") }) ?? files.first else {
        throw RuntimeProblem(
          "K502", seen: "there is no model in \(folder)", expected: "a .gguf file or a folder with config.json",
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
        expected: files.isEmpty
          ? "a path to a .gguf file or to a folder with config.json"
          : "a path, or one of " + files.joined(separator: ", "))
    }
    return folder + "/" + match
  }

  private func load(_ path: String, _ precision: Model.Precision) throws -> LoadedModel {
    let set = try InstructionSet.chosen()
    let pool = try threads()
    let tokenizer: Tokenizer
    let model: Model
    let template: Result<ChatTemplate, RuntimeProblem>
    if ModelFolder.isFolder(path) {
      let folder = try ModelFolder(path: path)
      tokenizer = try Tokenizer(folder)
      try cancellation.check()
      model = try Model.load(folder, precision: precision, pool: pool)
      template = try Self.template { try ChatTemplate.recognise(folder, tokenizer) }
    } else {
      let file = try GGUFFile(path: path)
      try cancellation.check()
      tokenizer = try Tokenizer(file)
      try cancellation.check()
      model = try Model.load(file, precision: precision, pool: pool)
      template = try Self.template { try ChatTemplate.recognise(file) }
    }
    let engine = BatchEngine(
      model: model, endTokens: tokenizer.endIds, tokenizer: tokenizer, instructionSet: set, pool: pool)
    engine.calibrationText = CalibrationText.tokens(tokenizer)
    return LoadedModel(
      path: path, model: model, tokenizer: tokenizer, template: template, kernels: set.rawValue, engine: engine,
      cancellation: cancellation)
  }

  /// A template of no known family stops a line that chats, not the model.
  private static func template(_ read: () throws -> ChatTemplate) throws -> Result<ChatTemplate, RuntimeProblem> {
    do {
      return .success(try read())
    } catch let problem as RuntimeProblem where problem.code == "K231" {
      return .failure(problem)
    }
  }

  /// The threads that models and tensors share.
  ///
  /// - Throws: `RuntimeProblem` K604.
  func threads() throws -> WorkerPool {
    if let pool { return pool }
    let pool = WorkerPool(threads: try Self.threadCount(), cancellation: cancellation)
    self.pool = pool
    return pool
  }

  /// `KVSH_THREADS`, or all cores.
  static func threadCount(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Int {
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
