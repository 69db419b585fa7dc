import Foundation

/// The built program, beside the bundle of the tests.
enum KvshProgram {
  static let path: String = {
    let bundle = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    let folders = [
      bundle.deletingLastPathComponent(), Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
    ]
    let candidates = folders.map { $0.appendingPathComponent("kvsh").path }
    return candidates.first { access($0, X_OK) == 0 } ?? "kvsh (not found in \(candidates))"
  }()

  /// How a call ended.
  struct Result: Equatable {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs the program without a terminal; in `shell`, `$0` is the program and `$1` the first argument. A status above 128 is a signal's number above 128, as shells report it.
  static func run(
    _ arguments: [String], input: String = "", in home: TemporaryFolder, shell: String? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: shell == nil ? path : "/bin/sh")
    process.arguments = shell.map { ["-c", $0, path] + arguments } ?? arguments
    process.environment = environment(home)
    let files = ["input", "output", "errors"].map { home.path + "/" + $0 }
    try Data(input.utf8).write(to: URL(fileURLWithPath: files[0]))
    for file in files[1...] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardInput = FileHandle(forReadingAtPath: files[0])
    process.standardOutput = FileHandle(forWritingAtPath: files[1])
    process.standardError = FileHandle(forWritingAtPath: files[2])
    try process.run()
    process.waitUntilExit()
    let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
    return Result(
      status: status, output: try String(contentsOfFile: files[1], encoding: .utf8),
      errors: try String(contentsOfFile: files[2], encoding: .utf8))
  }

  static func environment(_ home: TemporaryFolder, _ more: [String: String] = [:]) -> [String: String] {
    var environment = ProcessInfo.processInfo.environment
    for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES", "XDG_DATA_HOME"] { environment[name] = nil }
    environment["LANG"] = "C.UTF-8"
    environment["HOME"] = home.path
    environment["KVSH_HOME"] = home.path + "/kvsh"
    return environment.merging(more) { $1 }
  }
}

/// A folder that goes with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "kvsh-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}
