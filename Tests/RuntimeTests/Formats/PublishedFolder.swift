import Foundation
import Testing

/// Measurements that others published, which do not belong into the repository: `shared/data/rethink-kv` beside it.
enum PublishedFolder {
  static let path: String? = {
    let folder = GoldenFolder.url.deletingLastPathComponent().appendingPathComponent("data/rethink-kv").path
    return FileManager.default.fileExists(atPath: folder + "/profiling/mlp.csv") ? folder : nil
  }()

  static let missing = Comment("the published measurements are not beside this copy of kvsh")

  /// The made-up machine that comes with the examples, in the same form.
  static let madeUp = PackageFolder.root.appendingPathComponent("examples/profile").path
}
