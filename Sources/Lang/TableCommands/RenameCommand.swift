/// `rename D delta`: another name for a column.
struct RenameCommand: Command {
  let signature = Signature(
    "rename", summary: "Gives a column another name.",
    parameters: [
      Parameter("from", .column, doc: "The column.", positional: true, required: true),
      Parameter("to", .column, doc: "Its new name.", positional: true, required: true, isNewColumn: true),
    ], accepts: [.table], produces: .table,
    flow: .computed { columns, arguments in
      guard let from = arguments.words["from"]?.first, let to = arguments.words["to"]?.first else { return nil }
      return columns?.map { $0 == from ? to : $0 }
    },
    examples: [Example("table [{D: 1}] | rename D delta", "The column delta.")], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    let index = try table.requiredColumn(call.name("from"), at: call.span(of: "from"))
    let name = try call.name("to")
    if let other = table.columnIndex(name), other != index {
      throw Problem(
        "K019", seen: "a column `\(name)` exists already", expected: "a new name", labels: [.init(call.span(of: "to"))])
    }
    var columns = table.columns
    columns[index].name = name
    return .table(Table(columns: columns))
  }
}
