import Foundation

/// The folder in which kvsh keeps models, finished rows and the history.
enum HomeFolder {
  /// `--home`, else `KVSH_HOME`, else `kvsh` in the XDG data folder.
  static func path(option: String?, environment: [String: String]) -> String {
    for given in [option, environment["KVSH_HOME"]] {
      if let given, !given.isEmpty { return absolute(given) }
    }
    // The XDG rules: a relative path there is to be ignored.
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/kvsh" }
    let user = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    return user + "/.local/share/kvsh"
  }

  private static func absolute(_ path: String) -> String {
    let path = (path as NSString).expandingTildeInPath
    return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
