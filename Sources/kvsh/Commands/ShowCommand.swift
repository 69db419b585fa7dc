import Lang

/// `show 12`: the script that makes the rows of a past line.
struct ShowCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "show", summary: "Writes a past run out as a script that makes its rows, wherever its line came from.",
    details: """
      Model, configurations and policies are written out, and every option of `run` with its value, so that the script \
      needs nothing of the session and no default. Comments say which kvsh, model and machine made the rows.
      `show 12 | save "run.kvs"` keeps it.
      """,
    parameters: [
      Parameter("id", .int, range: 1...9e15, doc: "A line out of `history`.", positional: true, required: true)
    ],
    produces: .string,
    examples: [
      Example("run sharegpt n=2 max=8; show (history | where rows > 0 | tail 1).id[0]", "The line before, as a script.")
    ], group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value {
    .string(
      try call.pastRuns(in: workbench).map { $0.record.script(line: $0.line.id, started: $0.line.started) }
        .joined(separator: "\n"))
  }
}

extension Call {
  /// The runs of the line that `id` names.
  ///
  /// - Throws: `Problem` K595 if it ran nothing.
  func pastRuns(in workbench: Workbench) throws -> [Store.PastRun] {
    let id = try int("id")
    let store = try placing { try workbench.store() }
    return try kept(byLine: id, named: "id", in: store) { try store.runs(ofLine: $0) }
  }
}
