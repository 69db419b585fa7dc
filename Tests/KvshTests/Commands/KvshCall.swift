import Foundation

/// A call of the real program that can be looked at, or ended, while it runs.
final class KvshCall {
  private let process = Process()
  private let files: [String]

  /// - Parameter more: environment beyond that of `KvshProgram`.
  init(
    _ arguments: [String], input: String = "", in home: TemporaryFolder, _ more: [String: String] = [:],
    workingFolder: String? = nil
  ) throws {
    let name = UUID().uuidString
    files = ["input", "output", "errors"].map { home.path + "/.\(name)-" + $0 }
    try Data(input.utf8).write(to: URL(fileURLWithPath: files[0]))
    for file in files[1...] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.executableURL = URL(fileURLWithPath: KvshProgram.path)
    process.arguments = arguments
    process.environment = KvshProgram.environment(home, more)
    if let workingFolder { process.currentDirectoryURL = URL(fileURLWithPath: workingFolder) }
    process.standardInput = FileHandle(forReadingAtPath: files[0])
    process.standardOutput = FileHandle(forWritingAtPath: files[1])
    process.standardError = FileHandle(forWritingAtPath: files[2])
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// Ends the process as a power cut would.
  func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

  /// Waits for the end.
  func result() throws -> KvshProgram.Result {
    process.waitUntilExit()
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    return KvshProgram.Result(
      status: process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0),
      output: try String(contentsOfFile: files[1], encoding: .utf8),
      errors: try String(contentsOfFile: files[2], encoding: .utf8))
  }
}
