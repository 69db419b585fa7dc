import Foundation

/// The commit that the program was built from, as far as it can be told: from the checkout that its file lies in.
enum BuildCommit {
  /// Abbreviated, with a `+` if the sources differ from it; nil if the program lies in no checkout, or may be older than
  /// what is checked out there.
  static let current = commit(ofProgram: program)

  private static var program: String? {
    #if os(Linux)
      return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      return Bundle.main.executablePath
    #endif
  }

  static func commit(ofProgram path: String?) -> String? {
    guard let path, let built = modified(path) else { return nil }
    var folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
      guard folder.path != "/" else { return nil }
      folder.deleteLastPathComponent()
    }
    guard let head = git(["log", "-1", "--format=%h %ct"], in: folder)?.split(separator: " "), head.count == 2,
      let committed = TimeInterval(head[1]), let changes = git(["status", "--porcelain", "--", "Sources"], in: folder)
    else { return nil }
    // A program older than the commit was made from another one.
    guard built.timeIntervalSince1970 >= committed else { return nil }
    return head[0] + (changes.isEmpty ? "" : "+")
  }

  private static func modified(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }

  /// What git prints, trimmed; nil if it cannot be run or fails.
  private static func git(_ arguments: [String], in folder: URL) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["GIT_OPTIONAL_LOCKS": "0"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
