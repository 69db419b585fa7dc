import Foundation
import Runtime

/// Finds jieba's dictionary under `$KVSH_HOME/jieba`, where `scripts/setup` puts it, and keeps it loaded.
final class ChineseLibrary {
  private let folder: String
  private var loaded: ChineseSegmenter?

  init(home: String) { folder = home + "/jieba" }

  /// What cuts Chinese text into words, loaded when first needed; nil if there is no dictionary.
  ///
  /// - Throws: `RuntimeProblem` K683 if its files are not right.
  func current() throws -> ChineseSegmenter? {
    if let loaded { return loaded }
    guard FileManager.default.fileExists(atPath: folder + "/dict.txt") else { return nil }
    let segmenter = try ChineseSegmenter(folder: folder)
    loaded = segmenter
    return segmenter
  }

  /// What a run says whose answers cannot be scored.
  func missing(_ count: Int) -> String {
    "note: \(count) Chinese \(count == 1 ? "request gets" : "requests get") no score, as cutting answers into words "
      + "needs jieba's dictionary and there is none in \(folder): run scripts/setup, which fetches it, and the same "
      + "line again"
  }
}
