/// `pivot config mean(D) by=tokens`: the values of one column become columns.
struct PivotCommand: Command {
  let signature = Signature(
    "pivot", summary: "Turns the values of a column into columns, one cell per group.",
    details: """
      Every row of the result is a value of by=, every new column a value of the first argument, in order of appearance. \
      The second argument is an expression over the rows of the cell, as in summarize: mean(D), count(), or a column alone \
      where a cell has one row. A cell without rows is missing.
      """,
    parameters: [
      Parameter("names", .column, doc: "The column whose values become columns.", positional: true, required: true),
      Parameter(
        "value", .expression, doc: "What stands in a cell, over the cell's rows.", positional: true, required: true),
      Parameter("by", .column, doc: "Columns that make the rows: tokens or [tokens, batch].", required: true),
    ], accepts: [.table], produces: .table,
    examples: [
      Example(
        "table [{n: 1, c: \"a\", D: 5}, {n: 1, c: \"b\", D: 6}, {n: 2, c: \"a\", D: 7}] | pivot c D by=n",
        "One row for each n, one column for each c.")
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    let names = try table.columns(named: "names", in: call)
    let by = try table.columns(named: "by", in: call)
    let expression = try call.expression("value")
    let bound = try expression.bind(to: table.columnNames + [RowExpression.countName], in: context)
    let used = bound.columnIndices.filter { $0 < table.columns.count }
    let rows = try table.groups(by: by) { try context.checkCancelled(at: call.span) }
    let rowOf = Self.places(rows, count: table.rowCount)
    let columns = try table.groups(by: names) { try context.checkCancelled(at: call.span) }
    let labels = columns.compactMap(\.first).map { first in
      names.map { table.columns[$0].data[first].text }.joined(separator: " ")
    }
    try context.limits.check(elements: rows.count * max(1, columns.count), at: call.span)
    var result = Table(
      columns: by.map { column in
        .init(table.columns[column].name, table.columns[column].data.gather(rows.compactMap(\.first)))
      })
    for (label, members) in zip(labels, columns) {
      try context.checkCancelled(at: call.span)
      var cells = [[Int]](repeating: [], count: rows.count)
      for row in members { cells[rowOf[row]].append(row) }
      let values = try cells.map { group -> Value in
        if group.isEmpty { return .nil }
        var lists: [Int: Value] = [table.columns.count: .int(group.count)]
        for column in used { lists[column] = .list(table.columns[column].data.gather(group).values) }
        let value = try bound.value { lists[$0] ?? .nil }
        // A column alone is the list of the cell's values.
        guard expression.names == [expression.text], case .list(let elements) = value else { return value }
        guard elements.count == 1 else { throw Self.several(elements.count, label, expression) }
        return elements[0]
      }
      guard result.columnIndex(label) == nil else {
        throw Problem(
          "K019", seen: "a column `\(label)` exists already", expected: "a new name",
          labels: [.init(call.span(of: "names"))])
      }
      result.set(.init(label, ColumnData(values)))
    }
    return .table(result)
  }

  /// The group of every row.
  private static func places(_ groups: [[Int]], count: Int) -> [Int] {
    var places = [Int](repeating: 0, count: count)
    for (place, group) in groups.enumerated() { for row in group { places[row] = place } }
    return places
  }

  private static func several(_ count: Int, _ label: String, _ expression: RowExpression) -> Problem {
    Problem(
      "K053", seen: "`pivot`: a cell of column `\(label)` has \(count) rows", expected: "one value a cell",
      suggestion: "say what becomes of them: `mean(\(expression.text))`", labels: [.init(expression.span)])
  }
}
