/// `tail 5`: the last rows or elements.
struct TailCommand: Command {
  let signature = Signature(
    "tail", summary: "Keeps the last rows of a table or elements of a list.",
    parameters: [Parameter("n", .int, default: .int(10), range: 0...1e15, doc: "How many.", positional: true)],
    accepts: [.table, .list, .range, .string], produces: .any, flow: .same,
    examples: [Example("1..100 | tail 3", "98, 99, 100.")], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    let n = try call.int("n")
    return try Elements.slice(call.input, n == 0 ? .int(Int.max) : .int(-n), .nil, at: call.span)
  }
}
