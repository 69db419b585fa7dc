import Foundation
import Lang

/// `history`: past runs and how much of each is finished.
struct HistoryCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "history", summary: "Past `run` lines with their finished rows.", produces: .table,
    columns: ["id", "started", "rows", "total", "line"], flow: .exact,
    examples: [Example("history | tail 5", "The last five.")], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let lines = try call.placing { try workbench.store().lines() }
    return .table(
      Table(columns: [
        .init("id", .ints(lines.map { Int($0.id) })),
        .init("started", .strings(lines.map { $0.started.formatted(.iso8601) })),
        .init("rows", .ints(lines.map(\.rows))), .init("total", .ints(lines.map(\.total))),
        .init("line", .strings(lines.map(\.line))),
      ]))
  }
}
