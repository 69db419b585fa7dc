import Foundation

@testable import Runtime

/// The tiny checkpoints of `Fixtures/families`, and what the transformers library computes with them.
enum FamilyFixtures {
  struct Record: Decodable {
    var base: String
    var prompt: [Int32]
    var greedy: [Int32]
    /// The least distance of a greedy token's logit to the next.
    var gap: Double
    /// Every position's logits, for every 31st token.
    var logits: [[Float]]
    /// The logarithm of the sum of exponentials at every position.
    var totals: [Double]
    /// The last position's logits.
    var last: [Float]
  }

  struct TokenizerRecord: Decodable {
    struct Row: Decodable {
      var text: String
      var ids: [Int32]
      var decoded: String
    }
    var family: String?
    var rows: [Row]
    /// A conversation as the template of the folder renders it, and its ids.
    var chat: String?
    var chatIds: [Int32]?

    enum CodingKeys: String, CodingKey {
      case family, rows, chat
      case chatIds = "chat_ids"
    }
  }

  static let stride = 31
  static let families = ["llama", "mistral", "qwen2", "qwen3", "phi3"]
  static let variants = [
    "llama-linear", "llama-plain", "mistral-unbounded", "qwen2-window", "qwen3-window", "phi3-whole",
  ]
  static let tokenizers = ["llama3", "qwen", "sentencepiece", "phi", "smollm", "gpt2", "metaspace"]

  static func url(_ name: String) -> URL { PackageFolder.fixture("families/" + name) }

  static func records() throws -> [String: Record] {
    try JSONDecoder().decode([String: Record].self, from: Data(contentsOf: url("expected.json")))
  }

  static func record(_ name: String) throws -> Record {
    guard let record = try records()[name] else { throw Missing(name: name) }
    return record
  }

  struct Missing: Error { let name: String }

  /// A family's folder, or for a variant a copy of its family's with the keys of `expected.json` changed.
  static func folder(_ name: String) throws -> ModelFolder {
    if families.contains(name) { return try ModelFolder(path: url(name).path) }
    let all = try JSONSerialization.jsonObject(with: Data(contentsOf: url("expected.json"))) as? [String: Any]
    guard let entry = all?[name] as? [String: Any], let base = entry["base"] as? String,
      let changes = entry["config"] as? [String: Any]
    else { throw Missing(name: name) }
    return try ModelFolder(path: copy(base, as: name) { $0.merge(changes) { _, new in new } })
  }

  /// A temporary place for copies, which goes when the tests end.
  private static let scratch: URL = {
    atexit { try? FileManager.default.removeItem(at: FamilyFixtures.scratchPlace) }
    return scratchPlace
  }()

  private static var scratchPlace: URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("kvsh-families-\(getpid())")
  }

  /// A copy of a family's folder in a temporary place, with `config.json` edited.
  static func copy(
    _ family: String, as name: String, config edit: (inout [String: Any]) -> Void = { _ in }
  ) throws -> String {
    let path = scratch.appendingPathComponent(UUID().uuidString)
    let target = path.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: url(family), to: target)
    try change(target.path, "config.json", edit)
    return target.path
  }

  /// Rewrites a JSON object of a folder.
  static func change(_ folder: String, _ file: String, _ edit: (inout [String: Any]) -> Void) throws {
    let url = URL(fileURLWithPath: folder + "/" + file)
    guard var object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] else {
      throw Missing(name: file)
    }
    edit(&object)
    try JSONSerialization.data(withJSONObject: object).write(to: url)
  }

  enum Container: String, CaseIterable, Sendable { case folder, gguf }

  static func model(_ name: String, _ container: Container = .folder, _ precision: Model.Precision = .f32) throws
    -> Model
  {
    let pool = WorkerPool(threads: 1)
    switch container {
    case .folder: return try Model.load(folder(name), precision: precision, pool: pool)
    case .gguf: return try Model.load(GGUFFile(path: url(name + ".gguf").path), precision: precision, pool: pool)
    }
  }
}
