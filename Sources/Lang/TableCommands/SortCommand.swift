/// `sort D desc=true`: rows, or the elements of a list, in order.
struct SortCommand: Command {
  let signature = Signature(
    "sort", summary: "Orders rows by one or more expressions, or the elements of a list.",
    details: "Equal rows keep their order. Missing values come last, whatever the direction.",
    parameters: [
      Parameter(
        "keys", .expression, doc: "Expressions over the columns; the first counts most.", positional: true,
        variadic: true),
      Parameter("desc", .bool, default: .bool(false), doc: "Largest first."),
    ], accepts: [.table, .list, .range], produces: .any, flow: .same,
    examples: [
      Example("table [{D: 1}, {D: 3}, {D: 2}] | sort D desc=true", "Largest first."),
      Example("[3, 1, 2] | sort", "A list."),
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let descending = try call.bool("desc")
    guard case .table(let table) = call.input else {
      let elements = try Elements.list(call.input, limit: context.limits.listElements, at: call.span)
      let order = try RowOrder.rows([ColumnData(elements)], count: elements.count, descending: descending) {
        try context.checkCancelled(at: call.span)
      }
      return .list(order.map { elements[$0] })
    }
    let expressions = call.expressions("keys")
    guard !expressions.isEmpty else { throw Problem.missingArgument("keys", of: "sort", at: call.span) }
    let keys = try expressions.map { expression -> ColumnData in
      let bound = try expression.bind(to: table.columnNames, in: context)
      // A column's name alone is the column.
      if expression.names == [expression.text], let column = bound.columnIndices.first {
        return table.columns[column].data
      }
      return ColumnData(
        try (0..<table.rowCount).map { row in
          if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
          return try bound.value(row: row, of: table)
        })
    }
    let order = try RowOrder.rows(keys, count: table.rowCount, descending: descending) {
      try context.checkCancelled(at: call.span)
    }
    return .table(table.rows(at: order))
  }
}
