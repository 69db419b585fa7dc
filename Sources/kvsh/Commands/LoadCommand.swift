import Lang

/// `load "rows.csv"`: a table out of a file.
struct LoadCommand: Command {
  let signature = Signature(
    "load", summary: "Reads a table from .csv, .json, .jsonl or .md.",
    parameters: [Parameter("path", .path, doc: "The file.", positional: true, required: true)], produces: .table,
    examples: [Example("load \"examples/lengths.csv\" | lengths", "Lengths measured elsewhere.")], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let path = try call.path("path")
    guard let format = TableText.Format(path: path) else {
      throw Problem(
        "K505", seen: "\(path) has no ending that `load` reads", expected: ".csv .json .jsonl .md",
        labels: [.init(call.span(of: "path"))])
    }
    let text = try call.placing(at: "path") { try TextFile.read(path) }
    do {
      return .table(try TableText.read(text, as: format))
    } catch let problem as Problem {
      throw problem.at(call.span(of: "path"))
    }
  }
}
