import Lang
import Runtime

/// `train length from=run:12`, `train task`, `train auto`: what predictions and choices are made from.
struct TrainCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "train", summary: "Trains a predictor, keeps it in the store and tells what it is worth.",
    details: """
      Every time it tells how good the predictor is on what it has not seen, beside what needs no training. `predict` and \
      `compress auto` use the newest of each kind.
      """,
    parameters: [
      Parameter("what", .name(kind: "training"), doc: "What to predict.", positional: true, required: true)
    ],
    accepts: [.nil, .table], produces: .table,
    columns: Trainings.all.reduce([]) { all, each in all + each.columns.filter { !all.contains($0) } },
    examples: [
      Example(
        "compress kivi bits=2 | run sharegpt n=60 max=6; train length from=run:last features=hash salts=1",
        "The form alone: answers of six tokens teach nothing."),
      Example("train task from=\"examples/tasks.json\"", "A classifier of task types, from made-up samples."),
      Example(
        "load scores \"examples/choice\" | train auto goal=score",
        "What a choice by task type gains over the best fixed configuration, from finished runs alone."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let name = try call.name("what")
    guard let training = Trainings.all.first(where: { $0.entry.name == name }) else {
      throw Problem(
        "K013", seen: "unknown training `\(name)`",
        expected: Trainings.all.map(\.entry.name).joined(separator: ", "), labels: [.init(call.span(of: "what"))])
    }
    defer { workbench.progress.finish() }
    let rows = try training.rows(call, workbench, in: context)
    return .table(
      Table(columns: training.columns.map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) }))
  }
}
