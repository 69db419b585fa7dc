/// `where D < -0.5`: the rows for which a condition holds.
struct WhereCommand: Command {
  let signature = Signature(
    "where", summary: "Keeps the rows for which a condition is true.",
    details: "The columns of the table are names in the condition. A comparison with a missing value is false.",
    parameters: [
      Parameter("condition", .expression, doc: "An expression over the columns.", positional: true, required: true)
    ], accepts: [.table], produces: .table, flow: .same,
    examples: [
      Example(
        "table [{config: \"kivi\", D: -0.7}, {config: \"h2o\", D: 0.1}] | where D < -0.5",
        "Answers that got much shorter.")
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    let condition = try call.expression("condition")
    let bound = try condition.bind(to: table.columnNames, in: context)
    var kept: [Int] = []
    for row in 0..<table.rowCount {
      if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
      switch try bound.value(row: row, of: table) {
      case .bool(let flag): if flag { kept.append(row) }
      case .nil: continue
      case let other: throw Problem.notACondition(other.type, at: condition.span)
      }
    }
    return .table(table.rows(at: kept))
  }
}
