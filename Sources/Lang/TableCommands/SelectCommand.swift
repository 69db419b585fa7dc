/// `select config D`: some columns, in the order given.
struct SelectCommand: Command {
  let signature = Signature(
    "select", summary: "Keeps the named columns, in the order given.",
    parameters: [
      Parameter("columns", .column, doc: "Names of columns.", positional: true, required: true, variadic: true)
    ], accepts: [.table], produces: .table,
    flow: .computed { _, arguments in arguments.words["columns"] },
    examples: [Example("table [{a: 1, b: 2, c: 3}] | select c a", "Two columns.")], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    return .table(Table(columns: try table.columns(named: "columns", in: call).map { table.columns[$0] }))
  }
}
