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
      return .list(Self.order(elements.map { [$0] }, descending).map { elements[$0] })
    }
    let expressions = call.expressions("keys")
    guard !expressions.isEmpty else { throw Problem.missingArgument("keys", of: "sort", at: call.span) }
    let bound = try expressions.map { try $0.bind(to: table.columnNames, in: context) }
    let keys = try (0..<table.rowCount).map { row in
      if row & 0xFFF == 0 { try context.checkCancelled(at: call.span) }
      return try bound.map { try $0.value(row: row, of: table) }
    }
    return .table(table.rows(at: Self.order(keys, descending)))
  }

  private static func order(_ keys: [[Value]], _ descending: Bool) -> [Int] {
    keys.indices.sorted { left, right in
      for (a, b) in zip(keys[left], keys[right]) {
        if a.isMissing != b.isMissing { return b.isMissing }
        if Value.sortsBefore(a, b) { return !descending }
        if Value.sortsBefore(b, a) { return descending }
      }
      return left < right
    }
  }
}
