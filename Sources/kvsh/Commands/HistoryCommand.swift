import Foundation
import Lang

/// `history`: past runs and how much of each is finished.
struct HistoryCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "history", summary: "Past `run` lines with their finished rows.", produces: .table,
    columns: ["id", "started", "rows", "total", "line"],
    examples: [Example("history | tail 5", "The last five.")], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let lines = try call.placing { try workbench.store().lines() }
    return .table(
      Table(
        rows: lines.map { line in
          Record([
            ("id", .int(Int(line.id))), ("started", .string(line.started.formatted(.iso8601))),
            ("rows", .int(line.rows)), ("total", .int(line.total)), ("line", .string(line.line)),
          ])
        }))
  }
}
