/// `table [{a: 1}, {a: 2}]`: a table out of records.
struct TableCommand: Command {
  let signature = Signature(
    "table", summary: "Makes a table out of a list of records, or out of a record of lists.",
    parameters: [
      Parameter("rows", .value(.union([.list, .record, .table])), doc: "What becomes the table.", positional: true)
    ], accepts: [.nil, .list, .record, .table], produces: .table,
    flow: .computed { columns, arguments in arguments.given.contains("rows") ? arguments.values["rows"] : columns },
    examples: [
      Example("table [{bits: 2, D: -0.1}, {bits: 4, D: 0}]", "Two rows."),
      Example("table {bits: [2, 4], D: [-0.1, 0]}", "The same by columns."),
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let value = call.optional("rows") ?? call.input
    let span = call.isGiven("rows") ? call.span(of: "rows") : call.inputSpan ?? call.span
    switch value {
    case .table: return value
    case .list(let elements):
      let rows = try elements.map { element in
        guard case .record(let record) = element else {
          throw Problem.wrongArgumentType(
            "rows", found: .list(of: element.type), expected: .list(of: .record), at: span)
        }
        return record
      }
      return .table(Table(rows: rows))
    case .record(let record):
      let columns = zip(record.keys, record.values).map { name, value in
        let cells: [Value] = if case .list(let list) = value { list } else { [value] }
        return Table.Column(name, ColumnData(cells))
      }
      return .table(Table(columns: columns))
    case .nil: throw Problem.missingArgument("rows", of: "table", at: call.span)
    default: throw Problem.wrongArgumentType("rows", value: value, expected: .list(of: .record), at: span)
    }
  }
}
