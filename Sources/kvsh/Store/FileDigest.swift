import Crypto
import Foundation
import Runtime
import Synchronization

/// SHA-256 of files and texts, as lower-case hexadecimal.
enum FileDigest {
  /// The digest of a file; remembered in the store by path, size and time of change.
  ///
  /// - Throws: `RuntimeProblem` K201 if the file cannot be read; `CancellationError`.
  static func sha256(path: String, store: Store?, _ cancellation: Runtime.Cancellation? = nil) throws -> String {
    let mapped = try MappedFile(path: path)
    // A link keeps its own time of change while the file behind it is replaced.
    let absolute = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: absolute)
    let changed = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    let key = "\(absolute)\n\(mapped.bytes.count)\n\(changed)"
    if let known = try store?.digest(key) { return known }
    var hash = SHA256()
    for start in stride(from: 0, to: mapped.bytes.count, by: 8 << 20) {
      try cancellation?.check()
      let part = mapped.bytes[start..<min(start + 8 << 20, mapped.bytes.count)]
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: part))
    }
    let digest = hexadecimal(hash.finalize())
    try store?.remember(digest: digest, for: key)
    return digest
  }

  /// The digest of the files of a model folder that decide what it computes, with their names.
  ///
  /// - Throws: `RuntimeProblem` K201 if one cannot be read; `CancellationError`.
  static func sha256(folder: String, store: Store?, _ cancellation: Runtime.Cancellation? = nil) throws -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let kinds = [".json", ".safetensors", ".jinja"]
    let files = names.filter { name in kinds.contains { name.hasSuffix($0) } }.sorted()
    return sha256(
      try files.map { "\($0) \(try sha256(path: folder + "/" + $0, store: store, cancellation))\n" }.joined())
  }

  private static let ownDigest = Mutex<String?>(nil)

  /// The digest of the program that runs, its first twelve digits; nil if its file cannot be read.
  static func program(store: Store?) -> String? {
    ownDigest.withLock { known in
      if known == nil, let path = BuildCommit.program {
        known = (try? sha256(path: path, store: store)).map { String($0.prefix(12)) }
      }
      return known
    }
  }

  static func sha256(_ text: String) -> String { hexadecimal(SHA256.hash(data: Data(text.utf8))) }

  private static func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
