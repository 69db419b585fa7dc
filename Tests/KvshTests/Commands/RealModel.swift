import Foundation

/// The default model, which the tests run for real.
enum RealModel {
  struct Missing: Error, CustomStringConvertible {
    let folder: String
    var description: String { "there is no SmolLM2-135M-Instruct*.gguf in \(folder): run scripts/setup first" }
  }

  static let name = "SmolLM2-135M-Instruct.Q4_1"

  /// What scripts/setup fills: `$KVSH_HOME`, or kvsh's folder in the XDG data folder.
  static var home: String {
    let environment = ProcessInfo.processInfo.environment
    let data = environment["XDG_DATA_HOME"] ?? NSHomeDirectory() + "/.local/share"
    return environment["KVSH_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? data + "/kvsh"
  }

  /// The model's file.
  static func path() throws -> String {
    let folder = home + "/models"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard let file = files.sorted().first(where: { $0.hasPrefix("SmolLM2-135M-Instruct") && $0.hasSuffix(".gguf") })
    else { throw Missing(folder: folder) }
    return URL(fileURLWithPath: folder + "/" + file).resolvingSymlinksInPath().path
  }

  /// Puts a link to the model into the models folder of a kvsh home.
  static func link(into home: String) throws {
    let models = home + "/models"
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: models + "/\(name).gguf", withDestinationPath: try path())
  }

  /// Writes a copy of the model whose file differs in the bytes that follow `marker`, found once.
  static func copy(to path: String, after marker: [UInt8], _ bytes: [UInt8]) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: try Self.path()))
    guard let place = data.range(of: Data(marker))?.upperBound, place + bytes.count <= data.count else {
      throw Missing(folder: path)
    }
    data.replaceSubrange(place..<place + bytes.count, with: bytes)
    try data.write(to: URL(fileURLWithPath: path))
  }

  /// A copy that differs in the last weight only.
  static func copyWithOtherWeights(to path: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: try Self.path()))
    data[data.count - 1] ^= 1
    try data.write(to: URL(fileURLWithPath: path))
  }

  /// A copy that knows a shorter context: key, type 4 (32 bits without sign), then the number.
  static func copy(to path: String, contextTokens: UInt32) throws {
    let number = withUnsafeBytes(of: contextTokens.littleEndian) { Array($0) }
    try copy(to: path, after: Array("llama.context_length".utf8) + [4, 0, 0, 0], number)
  }
}
