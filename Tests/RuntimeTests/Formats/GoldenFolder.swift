import Foundation

/// The folder of golden data, which is too large for the repository: `$KVSH_GOLDEN`, or `shared/golden` beside it.
enum GoldenFolder {
  static let url: URL =
    ProcessInfo.processInfo.environment["KVSH_GOLDEN"].map { URL(fileURLWithPath: $0) }
    ?? PackageFolder.root.deletingLastPathComponent().appendingPathComponent("shared/golden")

  static func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
  }

  /// Whether every row of the slow comparisons with the real model is checked (`KVSH_GOLDEN_ROWS=all`), or a part that
  /// has each kind of them: on two cores all of them take a quarter of an hour.
  static let takesAll = ProcessInfo.processInfo.environment["KVSH_GOLDEN_ROWS"] == "all"

  /// Every third row, or all.
  static func part<Row>(_ rows: [Row]) -> [Row] {
    takesAll ? rows : rows.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
  }

  /// The rows of a JSON-lines file.
  static func rows<Row: Decodable>(_: Row.Type, _ file: URL) throws -> [Row] {
    let decoder = JSONDecoder()
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Row.self, from: Data($0))
    }
  }
}
