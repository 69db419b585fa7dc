import Lang
import Runtime

/// `measure decode depth=4096`: speed and memory of configurations beside the uncompressed cache.
struct MeasureCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "measure", summary: "Measures the speed or the memory of configurations beside the uncompressed cache.",
    details: """
      Configurations come through the pipe; the uncompressed cache is always measured beside them, in turn with them, so \
      that what else the machine does falls on all alike. A list as a parameter is a sweep. Times are those of the model \
      alone: no tokenizing, and no sampling but where a request is timed as a whole.
      """,
    parameters: [
      Parameter("what", .name(kind: "measurement"), doc: "What to measure.", positional: true, required: true)
    ],
    accepts: [.nil, .object("config"), .list], produces: .table,
    columns: Measurements.all.reduce([]) { all, each in all + each.columns.filter { !all.contains($0) } },
    examples: [
      Example("measure prefill tokens=64 repeat=3", "Tokens a second of a prompt, uncompressed."),
      Example("compress kivi bits=2 | measure decode depth=[64,256] steps=4 repeat=2", "Two depths, two caches."),
      Example("compress kivi bits=2 | measure latency prompt=64 gen=4 batch=2 repeat=2", "Two requests at a time."),
      Example("compress kivi bits=[2,4] | measure memory tokens=256 batch=2", "Bytes by kind."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    // A loop whose last work was ended early ends with it.
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let name = try call.name("what")
    guard let measurement = Measurements.all.first(where: { $0.entry.name == name }) else {
      throw Problem(
        "K013", seen: "unknown measurement `\(name)`",
        expected: Measurements.all.map(\.entry.name).joined(separator: ", "), labels: [.init(call.span(of: "what"))])
    }
    let configurations = try call.configurations(baseline: true)
    let loaded = try call.placing { try workbench.models.current() }
    try call.placingAtInput { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    defer { workbench.progress.finish() }
    let rows = try measurement.rows(call, configurations, loaded, workbench)
    if workbench.cancellation.isCancelled {
      workbench.wasInterrupted = true
      workbench.cancellation.reset()
      context.cancellation.reset()
      context.print("note: interrupted; the rows are of what was measured until then")
    }
    for note in try measurement.notes(rows, call) { context.print(note) }
    // A column that no row has is one that is not defined by what was asked.
    let columns = measurement.columns.filter { name in rows.isEmpty || rows.contains { $0.keys.contains(name) } }
    return .table(
      Table(
        columns: columns.map { column in
          .init(column, ColumnData(rows.map { $0[column] ?? .nil }))
        }))
  }
}
