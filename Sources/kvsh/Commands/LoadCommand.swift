import Lang
import Runtime

/// `load "rows.csv"`, `load "keys.npy"`: a table or tensors out of a file; `load scores DIR`: out of score files.
struct LoadCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "load", summary: "Reads a table from .csv, .json, .jsonl or .md, a tensor from .npy, tensors from .safetensors.",
    details: """
      A .safetensors file yields a record of its tensors, or with tensor= one of them. Numbers wider than single precision are \
      rounded to it.

      `load scores DIR` reads every NAME.jsonl of the folder: lines {"task": ..., "id": ..., "score": ...}, one file a \
      configuration, named for it. `hf`, the uncompressed cache of the second paper's published scores, becomes fp16.

      `load run=12` gives the rows of a past line again, with what made each: the hash of its specification, the model's \
      digest, the machine, the commit of kvsh, and when it was finished. Scores are the data set's and are left out.
      """,
    parameters: [
      Parameter("path", .path, doc: "The file, or the word scores.", positional: true),
      Parameter("run", .int, range: 1...9e15, doc: "A line out of `history`, instead of a file."),
      Parameter("folder", .path, doc: "With scores: the folder.", positional: true),
      Parameter("tensor", .string, doc: "Name of one tensor of a .safetensors file."),
    ], produces: .any,
    examples: [
      Example("load \"examples/lengths.csv\" | lengths", "Lengths measured elsewhere."),
      Example("load scores \"examples/scores\" | summarize score=mean(score) by=config", "Scores measured elsewhere."),
    ], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    if call.isGiven("run") {
      for other in ["path", "folder", "tensor"] where call.isGiven(other) {
        throw Problem(
          "K021", seen: "`load` was given run= and \(other)", expected: "load PATH or load run=ID",
          labels: [.init(call.span(of: other))])
      }
      return .table(try rows(ofLine: try call.int("run"), call))
    }
    guard call.isGiven("path") else {
      throw Problem(
        "K020", seen: "`load` was given nothing to read", expected: "load PATH, load scores DIR or load run=ID",
        labels: [.init(call.span)])
    }
    let path = try call.path("path")
    if call.isGiven("folder") {
      guard path == "scores" else {
        throw Problem(
          "K021", seen: "`load` has no place for a second path", expected: "load PATH or load scores DIR",
          labels: [.init(call.span(of: "folder"))])
      }
      return .table(try call.placing(at: "folder") { try ScoreFiles.read(try call.path("folder")) })
    }
    let name = path.lowercased()
    if name.hasSuffix(".npy") || name.hasSuffix(".safetensors") {
      return try call.placing(at: "path") { try tensors(TextFile.expanded(path), name, call) }
    }
    guard let format = TableText.Format(path: path) else {
      throw Problem(
        "K505", seen: "\(path) has no ending that `load` reads", expected: ".csv .json .jsonl .md .npy .safetensors",
        labels: [.init(call.span(of: "path"))])
    }
    let text = try call.placing(at: "path") { try TextFile.read(path) }
    do {
      return .table(try TableText.read(text, as: format) { try context.checkCancelled(at: call.span) })
    } catch let problem as Problem {
      throw problem.at(call.span(of: "path"))
    }
  }

  private func rows(ofLine id: Int, _ call: Call) throws -> Table {
    let store = try call.placing { try workbench.store() }
    let rows = try call.kept(byLine: id, named: "run", in: store) { try store.rows(ofLine: $0) }
    let records = try call.placing { try store.records(of: rows.map(\.row)) }
    return RunTable.tableWithOrigins(rows.map { RunTable.Source($0, origin: $0.row.line.flatMap { records[$0] }) })
  }

  private func tensors(_ path: String, _ name: String, _ call: Call) throws -> Value {
    let math = try workbench.math()
    if name.hasSuffix(".npy") { return TensorValue.value(try NumpyFile.read(path: path, math: math), math) }
    let file = try SafetensorsFile(path: path)
    if call.isGiven("tensor") {
      return TensorValue.value(try file.tensor(try call.string("tensor"), math: math), math)
    }
    return .record(
      Record(try file.tensorNames.map { ($0, TensorValue.value(try file.tensor($0, math: math), math)) }))
  }
}
