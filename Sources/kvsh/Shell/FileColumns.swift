import Foundation
import Lang

/// The columns of a file's table, for completion: what its beginning tells.
enum FileColumns {
  /// More of a file is not read: completion must not wait for a disk.
  static let limitBytes = 64 << 10

  static func read(_ path: String) -> [String] {
    guard let format = TableText.Format(path: path), format == .csv || format == .jsonLines,
      let handle = FileHandle(forReadingAtPath: TextFile.expanded(path))
    else { return [] }
    defer { try? handle.close() }
    guard let bytes = try? handle.read(upToCount: limitBytes), let end = bytes.firstIndex(of: 0x0A) else { return [] }
    let text = String(decoding: bytes[..<end], as: UTF8.self)
    return (try? TableText.read(text + "\n", as: format).columnNames) ?? []
  }
}
