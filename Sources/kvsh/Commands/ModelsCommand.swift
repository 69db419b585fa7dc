import Foundation
import Lang

/// `models`: the model files there are.
struct ModelsCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "models", summary: "Lists the files of the models folder.", produces: .table, columns: ["name", "size", "path"],
    examples: [Example("models", "What `model NAME` can choose.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    .table(
      Table(
        rows: workbench.models.files.map { name in
          let path = workbench.home + "/models/" + name
          let attributes = try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
          return Record([
            ("name", .string(name)), ("size", .bytes((attributes?[.size] as? NSNumber)?.intValue ?? 0)),
            ("path", .string(path)),
          ])
        }))
  }
}
