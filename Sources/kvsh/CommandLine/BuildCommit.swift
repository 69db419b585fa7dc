import Foundation

/// The commit that was checked out when the program was built, as far as it can be told from the checkout its file lies in.
///
/// Only files are read: no program is started. Changes on top of the commit do not show here; the program's digest tells.
enum BuildCommit {
  static let current = commit(ofProgram: program)

  /// The file that runs.
  static var program: String? {
    #if os(Linux)
      return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      return Bundle.main.executablePath
    #endif
  }

  /// The first ten digits; nil if the program lies in no checkout, or is older than what is checked out there.
  static func commit(ofProgram path: String?) -> String? {
    guard let path, let built = modified(path) else { return nil }
    var folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    while !exists(folder, "Package.swift") {
      guard folder.path != "/" else { return nil }
      folder.deleteLastPathComponent()
    }
    guard let repository = repository(folder), let head = text(repository, "HEAD") else { return nil }
    // HEAD's log grows when another commit is checked out or made.
    if let moved = modified(repository.appendingPathComponent("logs/HEAD").path), moved > built { return nil }
    guard head.hasPrefix("ref: ") else { return abbreviated(head) }
    let name = String(head.dropFirst(5))
    let common = text(repository, "commondir").map { URL(fileURLWithPath: $0, relativeTo: repository) } ?? repository
    if let hash = text(common, name) { return abbreviated(hash) }
    let packed = text(common, "packed-refs")?.split(separator: "\n") ?? []
    return packed.first { $0.hasSuffix(" " + name) }.flatMap { abbreviated(String($0)) }
  }

  /// `.git`, or what it points to in a further work tree.
  private static func repository(_ folder: URL) -> URL? {
    let own = folder.appendingPathComponent(".git")
    if exists(own, "HEAD") { return own }
    guard let pointer = text(folder, ".git"), pointer.hasPrefix("gitdir: ") else { return nil }
    return URL(fileURLWithPath: String(pointer.dropFirst(8)), relativeTo: folder)
  }

  private static func abbreviated(_ hash: String) -> String? {
    let digits = hash.prefix(10)
    return digits.count == 10 && digits.allSatisfy(\.isHexDigit) ? String(digits) : nil
  }

  private static func exists(_ folder: URL, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  private static func text(_ folder: URL, _ name: String) -> String? {
    (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func modified(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
