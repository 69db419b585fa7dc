/// `join (other) on=config`: the columns of another table beside those of this one.
struct JoinCommand: Command {
  let signature = Signature(
    "join", summary: "Adds the columns of another table where key columns are equal.",
    details: """
      Every pair of rows with equal keys gives a row. Columns of the other table whose names exist already get the suffix \
      _2. kind=left keeps rows without a partner, with missing values.
      """,
    parameters: [
      Parameter("other", .value(.table), doc: "The other table.", positional: true, required: true),
      Parameter("on", .column, doc: "Key columns, present in both tables.", required: true),
      Parameter(
        "kind", .choice(["inner", "left"]), default: .string("inner"), doc: "What becomes of rows without a partner."),
    ], accepts: [.table], produces: .table,
    flow: .computed { columns, arguments in
      guard var columns, let right = arguments.values["other"], let keys = arguments.words["on"] else { return nil }
      for name in right where !keys.contains(name) { columns.append(columns.contains(name) ? name + "_2" : name) }
      return columns
    },
    examples: [
      Example("table [{k: 1, a: 2}] | join (table [{k: 1, b: 3}]) on=k", "One row with k, a and b.")
    ], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let left = try call.table()
    guard case .table(let right) = try call.value("other") else { return .nil }
    let leftKeys = try left.columns(named: "on", in: call)
    let rightKeys = try right.columns(named: "on", in: call)
    var partners: [[ValueKey]: [Int]] = [:]
    for row in 0..<right.rowCount {
      if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
      partners[rightKeys.map { ValueKey(value: right.columns[$0].data[row]) }, default: []].append(row)
    }
    let keepsAll = try call.name("kind") == "left"
    var pairs: [(left: Int, right: Int)] = []
    for row in 0..<left.rowCount {
      if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
      let found = partners[leftKeys.map { ValueKey(value: left.columns[$0].data[row]) }] ?? []
      guard pairs.count + found.count <= context.limits.listElements else {
        throw Problem.listTooLong(context.limits.listElements, at: call.span)
      }
      pairs += found.map { (row, $0) }
      if found.isEmpty, keepsAll { pairs.append((row, -1)) }
    }
    var joined = left.rows(at: pairs.map(\.left))
    for (index, column) in right.columns.enumerated() where !rightKeys.contains(index) {
      let name = joined.columnIndex(column.name) == nil ? column.name : column.name + "_2"
      joined.set(.init(name, column.data.gather(pairs.map(\.right))))
    }
    return .table(joined)
  }
}
