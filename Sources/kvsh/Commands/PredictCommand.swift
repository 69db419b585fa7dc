import Lang
import Runtime

/// `predict throughput kivi batch=8 tokens=2Ki`, `predict length "..."`: what would be measured, and how far off that may be.
struct PredictCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "predict", summary: "Predicts what a configuration would do, with an interval and the predictor's own error.",
    details: """
      A configuration is named behind what is predicted, or comes through the pipe; without one the uncompressed cache is \
      meant. Every row says how far the predictor was off where it was tested, on measurements that it had not seen.
      """,
    parameters: [
      Parameter("what", .name(kind: "prediction"), doc: "What to predict.", positional: true, required: true)
    ],
    accepts: [.nil, .object("config"), .list], produces: .table,
    columns: Predictions.all.reduce([]) { all, each in all + each.columns.filter { !all.contains($0) } },
    examples: [
      Example(
        "predict throughput kivi batch=8 tokens=2Ki from=\"examples/profile\"", "A decode step of a made-up machine."),
      Example("predict accuracy from=\"examples/profile\"", "How far off such predictions are."),
      Example(
        "run sharegpt n=60 max=6; train length from=run:last features=hash salts=1; predict length \"What is a cache?\"",
        "One row a configuration."),
      Example(
        "train task from=\"examples/tasks.json\"; predict task \"Summarize the report in one page.\"",
        "By made-up samples: see how unsure it is."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let name = try call.name("what")
    guard let prediction = Predictions.all.first(where: { $0.entry.name == name }) else {
      throw Problem(
        "K013", seen: "unknown prediction `\(name)`",
        expected: Predictions.all.map(\.entry.name).joined(separator: ", "), labels: [.init(call.span(of: "what"))])
    }
    defer { workbench.progress.finish() }
    let rows = try prediction.rows(call, workbench, in: context)
    return .table(
      Table(columns: prediction.columns.map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) }))
  }
}
