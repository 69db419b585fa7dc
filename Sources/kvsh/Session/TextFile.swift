import Foundation
import Runtime

/// Texts that commands read and write; the system's reason for a failure in its own words.
enum TextFile {
  /// A path as the user wrote it: `~/` is the home folder, anything else counts from the current one.
  static func expanded(_ path: String) -> String { (path as NSString).expandingTildeInPath }

  /// The whole of a file as UTF-8.
  ///
  /// - Throws: `RuntimeProblem` K504.
  static func read(_ path: String) throws -> String {
    let full = expanded(path)
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
    guard exists, !isFolder.boolValue, let data = FileManager.default.contents(atPath: full) else {
      let reason = !exists ? "there is no such file" : isFolder.boolValue ? "it is a folder" : "it may not be read"
      throw RuntimeProblem("K504", seen: "the file \(path) cannot be read: \(reason)", expected: "a file that exists")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw RuntimeProblem("K504", seen: "the file \(path) is not text", expected: "UTF-8")
    }
    return text
  }

  /// Writes beside the path, then renames, so that a reader sees the old text or the new one and never a half.
  ///
  /// - Throws: `RuntimeProblem` K503.
  static func replace(_ path: String, with text: String) throws {
    let full = expanded(path)
    func failure(_ reason: String) -> RuntimeProblem {
      RuntimeProblem(
        "K503", seen: "\(path) cannot be written: \(reason)",
        expected: "a path in a folder that exists and can be written")
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), isFolder.boolValue {
      throw failure("it is a folder")
    }
    let temporary = "\(full).\(getpid()).part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw failure(errno == ENOENT ? "its folder does not exist" : String(cString: strerror(errno)))
    }
    let problem = write(Array(text.utf8), to: file)
    let isClosed = close(file) == 0
    guard problem == 0, isClosed, rename(temporary, full) == 0 else {
      let reason = String(cString: strerror(problem == 0 ? errno : problem))
      unlink(temporary)
      throw failure(reason)
    }
  }

  /// Returns the system's error number, 0 for none.
  private static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(file, $0.baseAddress.map { $0 + start }, bytes.count - start)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : EIO }
      start += count
    }
    return 0
  }
}
