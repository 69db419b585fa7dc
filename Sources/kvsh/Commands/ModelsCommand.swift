import Foundation
import Lang

/// `models`: the model files there are.
struct ModelsCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "models", summary: "Lists the files of the models folder.", produces: .table, columns: ["name", "size", "path"],
    examples: [Example("models", "What `model NAME` can choose.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let names = workbench.models.files
    let paths = names.map { workbench.home + "/models/" + $0 }
    let sizes = paths.map { path -> Value in
      let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? NSNumber
      return size.map { .bytes($0.intValue) } ?? .nil
    }
    return .table(
      Table(columns: [
        .init("name", .strings(names)), .init("size", .values(sizes)), .init("path", .strings(paths)),
      ]))
  }
}
