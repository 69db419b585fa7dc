/// `derive ratio=a / b`: new columns computed row by row.
struct DeriveCommand: Command {
  let signature = Signature(
    "derive", summary: "Adds columns computed from the others.",
    details:
      "Columns are computed in the order given; a later one may use an earlier one. A name that exists is replaced.",
    accepts: [.table], produces: .table,
    flow: .computed { columns, arguments in
      columns.map { columns in columns + arguments.named.filter { !columns.contains($0) } }
    }, takesNamedExpressions: true,
    examples: [Example("table [{a: 1, b: 2}] | derive ratio=a / b half=ratio / 2", "Two new columns.")],
    group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    var table = try call.table()
    guard !call.namedExpressions.isEmpty else {
      throw Problem.missingArgument("NAME=expression", of: "derive", at: call.span)
    }
    for (name, expression, _) in call.namedExpressions {
      let bound = try expression.bind(to: table.columnNames, in: context)
      var values: [Value] = []
      values.reserveCapacity(table.rowCount)
      for row in 0..<table.rowCount {
        if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
        values.append(try bound.value(row: row, of: table))
      }
      table.set(.init(name, ColumnData(values)))
    }
    return .table(table)
  }
}
