import Foundation
import Lang

/// `history`: past lines, how they ended and what they kept; `history 12`: the rows of one.
struct HistoryCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "history", summary: "Past lines, how each ended and how many rows it kept; `history ID` gives those rows again.",
    details: """
      Lines typed in the shell are listed whatever they did, lines of scripts if they ran something. rows counts the \
      finished rows of their runs, total those that were asked for; status is done, failed, rejected, interrupted, or \
      nothing for a line that is running or whose process was killed. started is in UTC. Rows come without their score: \
      what was asked is the data set's, and `run` scores anew.
      """,
    parameters: [
      Parameter("id", .int, range: 1...9e15, doc: "A line; its rows come as the run gave them.", positional: true)
    ],
    produces: .table, columns: ["id", "started", "seconds", "status", "rows", "total", "line"],
    examples: [
      Example("history | tail 5", "The last five."),
      Example("history | where rows > 0", "Those whose rows `history ID` gives."),
    ], group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value {
    let store = try call.placing { try workbench.store() }
    if call.isGiven("id") {
      let id = try call.int("id")
      let rows = try call.kept(byLine: id, named: "id", in: store) { try store.rows(ofLine: $0) }
      return .table(RunTable.table(rows.map { RunTable.Source($0) }))
    }
    let lines = try call.placing { try store.lines() }
    let parts = Dictionary(grouping: lines) { $0.parent }
    // A line that asks for the history is not part of it yet.
    let whole = lines.filter { $0.parent == nil && $0.id != workbench.typedLine }
    func sum(_ line: Store.PastLine, _ count: (Store.PastLine) -> Int) -> Int {
      (parts[line.id] ?? []).reduce(count(line)) { $0 + count($1) }
    }
    return .table(
      Table(columns: [
        .init("id", .ints(whole.map { Int($0.id) })),
        .init("started", .strings(whole.map { $0.started.formatted(.iso8601) })),
        .init("seconds", ColumnData(whole.map { $0.seconds.map { .float($0) } ?? .nil })),
        .init("status", ColumnData(whole.map { $0.status.map { .string($0) } ?? .nil })),
        .init("rows", .ints(whole.map { sum($0, \.rows) })), .init("total", .ints(whole.map { sum($0, \.total) })),
        .init("line", .strings(whole.map(\.line))),
      ]))
  }
}
