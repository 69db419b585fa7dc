/// `unique config`: rows that differ in some columns.
struct UniqueCommand: Command {
  let signature = Signature(
    "unique", summary: "Keeps the first of equal rows or elements.",
    parameters: [
      Parameter(
        "columns", .column, doc: "Columns that are compared; all if none is named.", positional: true, variadic: true)
    ], accepts: [.table, .list], produces: .any, flow: .same,
    examples: [Example("[1, 2, 1] | unique", "1, 2.")], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    guard case .table(let table) = call.input else {
      var seen: Set<ValueKey> = []
      let elements = try Elements.list(call.input, limit: context.limits.listElements, at: call.span)
      return .list(elements.filter { seen.insert(ValueKey(value: $0)).inserted })
    }
    let named = try table.columns(named: "columns", in: call)
    let columns = named.isEmpty ? Array(table.columns.indices) : named
    let groups = try table.groups(by: columns) { try context.checkCancelled(at: call.span) }
    return .table(table.rows(at: groups.compactMap(\.first)))
  }
}
