import Lang

/// `load "rows.csv"`: a table out of a file; `load scores DIR`: out of a folder of score files.
struct LoadCommand: Command {
  let signature = Signature(
    "load", summary: "Reads a table from .csv, .json or .jsonl; `load scores DIR` reads a folder of score files.",
    details: """
      `load scores DIR` reads every NAME.jsonl of the folder: lines {"task": ..., "id": ..., "score": ...}, one file a \
      configuration, named for it. `hf`, the uncompressed cache of the second paper's published scores, becomes fp16.
      """,
    parameters: [
      Parameter("path", .path, doc: "The file, or the word scores.", positional: true, required: true),
      Parameter("folder", .path, doc: "With scores: the folder.", positional: true),
    ], produces: .table,
    examples: [
      Example("load \"examples/lengths.csv\" | lengths", "Lengths measured elsewhere."),
      Example("load scores \"examples/scores\" | summarize score=mean(score) by=config", "Scores measured elsewhere."),
    ], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let path = try call.path("path")
    if call.isGiven("folder") {
      guard path == "scores" else {
        throw Problem(
          "K021", seen: "`load` has no place for a second path", expected: "load PATH or load scores DIR",
          labels: [.init(call.span(of: "folder"))])
      }
      return .table(try call.placing(at: "folder") { try ScoreFiles.read(try call.path("folder")) })
    }
    guard let format = TableText.Format(path: path), format != .markdown else {
      throw Problem(
        "K505", seen: "\(path) has no ending that `load` reads", expected: ".csv .json .jsonl",
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
