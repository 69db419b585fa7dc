import Foundation

/// The folder that scripts/setup fills: `$KVSH_HOME`, or kvsh's folder in the XDG data folder.
enum SetupFolder {
  static let path: String = {
    let environment = ProcessInfo.processInfo.environment
    let data = environment["XDG_DATA_HOME"] ?? "\(environment["HOME"] ?? "")/.local/share"
    return environment["KVSH_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(data)/kvsh"
  }()
}
