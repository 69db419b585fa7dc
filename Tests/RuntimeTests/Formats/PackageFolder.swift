import Foundation

/// Where the tests find what they read, counted from this source file.
enum PackageFolder {
  /// The folder that holds `Tests/`.
  static let root: URL = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func fixture(_ name: String) -> URL {
    root.appendingPathComponent("Tests/RuntimeTests/Fixtures/\(name)")
  }
}
