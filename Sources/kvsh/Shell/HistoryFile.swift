import Foundation
import Lang

/// The lines typed in earlier sessions, oldest first, one a line in a file that only the user may read.
///
/// Shells that run side by side append under a lock, so none loses the lines of another. A failure to read or write is
/// no reason to stop a shell: the lines of this session stay in memory.
struct HistoryFile {
  let path: String
  /// Entries that are kept when the file is shortened.
  var limit = 10_000
  /// Longer entries (a pasted data file) are not kept.
  var entryBytes = 64 * 1024

  /// The entries, each once at its newest place, at most `limit`. Shortens a file that has grown to twice the limit.
  func load() -> [String] {
    guard let entries = locked({ Self.entries(Self.contents($0)) }) else { return [] }
    let kept = Array(Self.newestOnly(entries).suffix(limit))
    if entries.count >= 2 * limit { shorten() }
    return kept
  }

  /// Appends an entry; blank ones and overlong ones are left out. Returns whether it was written.
  @discardableResult
  func append(_ entry: String) -> Bool {
    guard !entry.allSatisfy(\.isWhitespace), entry.utf8.count <= entryBytes else { return false }
    let bytes = Array((Self.encoded(entry) + "\n").utf8)
    return locked { file in
      // A line that another program left without an end would swallow this one.
      var last: UInt8 = 0x0A
      let end = lseek(file, 0, SEEK_END)
      let isOpenEnded = end > 0 && pread(file, &last, 1, end - 1) == 1 && last != 0x0A
      return Self.write((isOpenEnded ? [0x0A] : []) + bytes, to: file)
    } ?? false
  }

  /// Rewrites the file through a new one, so that a crash leaves either the old or the new.
  private func shorten() {
    _ = locked { file in
      let kept = Self.newestOnly(Self.entries(Self.contents(file))).suffix(limit)
      let text = kept.map { Self.encoded($0) + "\n" }.joined()
      let fresh = path + ".new"
      let new = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard new >= 0 else { return }
      let isWritten = Self.write(Array(text.utf8), to: new)
      close(new)
      if !isWritten || rename(fresh, path) != 0 { unlink(fresh) }
    }
  }

  /// Opens the file, made with mode 0600 if needed, and holds its lock; nil if that fails.
  private func locked<T>(_ body: (_ file: Int32) -> T) -> T? {
    let folder = (path as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // Another shell may have replaced the file between the opening and the lock.
    for _ in 0..<10 {
      let file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard file >= 0 else { return nil }
      defer { close(file) }
      guard flock(file, LOCK_EX) == 0 else { return nil }
      var (mine, current) = (stat(), stat())
      guard fstat(file, &mine) == 0, mine.st_mode & S_IFMT == S_IFREG else { return nil }
      guard stat(path, &current) == 0, mine.st_ino == current.st_ino, mine.st_dev == current.st_dev else { continue }
      if mine.st_mode & 0o077 != 0 { fchmod(file, 0o600) }
      return body(file)
    }
    return nil
  }

  // MARK: The text of the file

  /// One line for an entry: a line feed becomes `\n`, a backslash `\\`.
  static func encoded(_ entry: String) -> String {
    entry.replacingScalars(["\\": "\\\\", "\n": "\\n", "\r": ""])
  }

  static func decoded(_ line: some StringProtocol) -> String {
    var entry = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        entry.unicodeScalars.append(scalar == "n" ? "\n" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        entry.unicodeScalars.append(scalar)
      }
    }
    return entry
  }

  private static func entries(_ contents: [UInt8]) -> [String] {
    contents.split(separator: 0x0A).map { decoded(String(decoding: $0, as: UTF8.self)) }
  }

  private static func newestOnly(_ entries: [String]) -> [String] {
    var seen: Set<String> = []
    return entries.reversed().filter { seen.insert($0).inserted }.reversed()
  }

  private static func contents(_ file: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    lseek(file, 0, SEEK_SET)
    while true {
      let count = read(file, &chunk, chunk.count)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(file, $0.baseAddress.map { $0 + start }, bytes.count - start)
      }
      guard count > 0 else { return false }
      start += count
    }
    return true
  }
}
