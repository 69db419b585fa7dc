/// `head 5`: the first rows or elements.
struct HeadCommand: Command {
  let signature = Signature(
    "head", summary: "Keeps the first rows of a table or elements of a list.",
    parameters: [Parameter("n", .int, default: .int(10), range: 0...1e15, doc: "How many.", positional: true)],
    accepts: [.table, .list, .range, .string], produces: .any, flow: .same,
    examples: [Example("1..100 | head 3", "1, 2, 3.")], group: TableCommands.group)

  func run(_ call: Call, in context: Context) throws -> Value {
    try Elements.slice(call.input, .nil, .int(try call.int("n")), at: call.span)
  }
}
