/// `summarize mean(D) n=count() by=config`: one row per group.
struct SummarizeCommand: Command {
  let signature = Signature(
    "summarize", summary: "Computes one row per group of rows.",
    details: """
      In the expressions a column is the list of its values in the group, so every function of a list works: mean, median, \
      quantile, std, min, max, sum. count() is the number of rows. Without by= all rows are one group.
      """,
    parameters: [
      Parameter(
        "values", .expression, doc: "Expressions over the columns, named after their text.", positional: true,
        variadic: true),
      Parameter("by", .column, doc: "Columns that make the groups: config or [config, tokens]."),
    ], accepts: [.table], produces: .table,
    flow: .computed { _, arguments in
      guard !arguments.given.contains("by") || arguments.words["by"] != nil else { return nil }
      return (arguments.words["by"] ?? []) + (arguments.expressions["values"] ?? []) + arguments.named
    }, takesNamedExpressions: true,
    examples: [
      Example(
        "table [{config: \"a\", D: 1}, {config: \"a\", D: 3}, {config: \"b\", D: 5}] | summarize mean(D) n=count() by=config",
        "Mean and number of rows of every configuration.")
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    let by = try table.columns(named: "by", in: call)
    let named =
      call.expressions("values").map { (name: $0.text, expression: $0) }
      + call.namedExpressions.map { (name: $0.name, expression: $0.expression) }
    guard !named.isEmpty else { throw Problem.missingArgument("values", of: "summarize", at: call.span) }
    let names = table.columnNames + [RowExpression.countName]
    let bound = try named.map { try $0.expression.bind(to: names, in: context) }
    let used = Set(bound.flatMap(\.columnIndices)).filter { $0 < table.columns.count }
    let groups = try table.groups(by: by) { try context.checkCancelled(at: call.span) }
    var results = Array(repeating: [Value](), count: named.count)
    for group in groups {
      try context.checkCancelled(at: call.span)
      var cells: [Int: Value] = [table.columns.count: .int(group.count)]
      for column in used { cells[column] = .list(table.columns[column].data.gather(group).values) }
      for (index, expression) in bound.enumerated() {
        results[index].append(try expression.value { cells[$0] ?? .nil })
      }
    }
    var summary = Table(
      columns: by.map { column in
        .init(table.columns[column].name, table.columns[column].data.gather(groups.compactMap(\.first)))
      })
    for (index, entry) in named.enumerated() { summary.set(.init(entry.name, ColumnData(results[index]))) }
    return .table(summary)
  }
}
