import Foundation

/// The folder of golden data, which is too large for the repository: `$KVSH_GOLDEN`, or `shared/golden` beside it.
enum GoldenFolder {
  static let url: URL =
    ProcessInfo.processInfo.environment["KVSH_GOLDEN"].map { URL(fileURLWithPath: $0) }
    ?? PackageFolder.root.deletingLastPathComponent().appendingPathComponent("shared/golden")

  static func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
  }

  /// The rows of a JSON-lines file.
  static func rows<Row: Decodable>(_: Row.Type, _ file: URL) throws -> [Row] {
    let decoder = JSONDecoder()
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Row.self, from: Data($0))
    }
  }
}
