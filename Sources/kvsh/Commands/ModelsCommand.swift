import Foundation
import Lang
import Runtime

/// `models`: the model files and folders there are.
struct ModelsCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "models", summary: "Lists the models of the models folder: .gguf files, and folders with config.json.",
    produces: .table, columns: ["name", "size", "path"], flow: .exact,
    examples: [Example("models", "What `model NAME` can choose.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let names = workbench.models.files
    let paths = names.map { workbench.home + "/models/" + $0 }
    let sizes = paths.map { path -> Value in
      let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      return Self.bytes(file).map { .bytes($0) } ?? .nil
    }
    return .table(
      Table(columns: [
        .init("name", .strings(names)), .init("size", .values(sizes)), .init("path", .strings(paths)),
      ]))
  }

  /// Bytes of a file, or of the files of a folder.
  private static func bytes(_ path: String) -> Int? {
    func size(_ file: String) -> Int? {
      let target = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
      return ((try? FileManager.default.attributesOfItem(atPath: target))?[.size] as? NSNumber)?.intValue
    }
    guard ModelFolder.isFolder(path) else { return size(path) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { size(path + "/" + $0) }.reduce(0, +)
  }
}
