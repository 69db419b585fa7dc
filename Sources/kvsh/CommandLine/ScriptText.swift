import Foundation
import Lang

/// The text of a script, or one sentence about why there is none.
enum ScriptText {
  /// More is no script; a device that never ends must not fill the memory.
  static let limitBytes = 64 << 20

  /// Reads a file or a pipe.
  ///
  /// - Throws: `Problem` K060.
  static func read(_ path: String) throws -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Problem.unreadableFile(path, reason: reason(errno), at: nil) }
    defer { close(file) }
    return try read(file, name: path)
  }

  /// Reads standard input to its end.
  static func readStandardInput() throws -> String { try read(0, name: "standard input") }

  private static func read(_ file: Int32, name: String) throws -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = Foundation.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Problem.unreadableFile(name, reason: reason(errno), at: nil) }
      if count == 0 { return try text(bytes, name: name) }
      bytes += chunk[..<count]
      guard bytes.count <= limitBytes else {
        throw Problem.unreadableFile(name, reason: "it is larger than \(limitBytes >> 20) MiB", at: nil)
      }
    }
  }

  /// Decodes UTF-8; a byte order mark is left out.
  static func text(_ bytes: [UInt8], name: String) throws -> String {
    let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    let text = String(decoding: bytes, as: UTF8.self)
    if let place = zip(bytes, text.utf8).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
      let line = bytes[..<place].count { $0 == 0x0A } + 1
      throw Problem.unreadableFile(name, reason: "line \(line) is not UTF-8 text", at: nil)
    }
    return text
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "there is no such file"
    case EISDIR: "it is a folder"
    case EACCES: "it may not be read by this user"
    default: String(cString: strerror(code))
    }
  }
}
