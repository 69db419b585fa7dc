import Foundation

/// Where the sample conversations and the text lie that come with kvsh.
///
/// `Bundle.module` is not used: its generated accessor ends the program when the resources are missing.
public enum BundledSample {
  public static let fileName = "sharegpt-sample.json"
  /// Lewis Carroll, Alice's Adventures in Wonderland (1865), in the public domain; a paragraph a line.
  public static let textName = "alice.txt"

  /// Places to look, best first: beside the program, the shared folder of an installation, `$KVSH_HOME`, the sources.
  public static func candidates(
    executableFolder: String?, home: String?, named name: String = fileName
  ) -> [String] {
    var folders: [String] = []
    if let folder = executableFolder {
      // SwiftPM names the folder after package and target, `.bundle` on Apple systems; `copy` keeps the folder name of
      // the sources, `process` does not.
      for bundle in ["kvsh_Runtime.resources", "kvsh_Runtime.bundle", "kvsh_Runtime.bundle/Contents/Resources"] {
        folders += ["", "/Resources", "/Datasets/Resources"].map { "\(folder)/\(bundle)\($0)" }
      }
      folders += ["\(folder)/Resources", "\(folder)/../share/kvsh"]
    }
    if let home { folders.append("\(home)/data") }
    folders.append(URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Resources")
    return folders.map { "\($0)/\(name)" }
  }

  /// The first candidate that exists.
  /// - Throws: K410.
  public static func path(home: String?, named name: String = fileName) throws -> String {
    let executable = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
    return try firstExisting(candidates(executableFolder: executable, home: home, named: name), named: name)
  }

  static func firstExisting(_ candidates: [String], named name: String = fileName) throws -> String {
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw name == fileName ? DatasetProblems.sampleMissing(candidates) : DatasetProblems.textMissing(name, candidates)
    }
    return URL(fileURLWithPath: found).standardizedFileURL.path
  }
}
