import Lang

/// `tokenize TEXT`: the tokens of a text.
struct TokenizeCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "tokenize", summary: "Splits a text into the model's tokens.",
    parameters: [
      Parameter("text", .string, doc: "The text.", positional: true, required: true),
      Parameter("special", .bool, default: .bool(true), doc: "Read the text of special tokens as those tokens."),
    ], produces: .table, columns: ["index", "id", "token"], flow: .exact,
    examples: [Example("tokenize \"Hello world\"", "Two tokens.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let loaded = try call.placing { try workbench.models.current() }
    let ids = loaded.tokenizer.encode(try call.string("text"), parseSpecial: try call.bool("special"))
    return .table(
      Table(columns: [
        .init("index", .ints(ids.indices.map { $0 })), .init("id", .ints(ids.map { Int($0) })),
        .init("token", .strings(ids.map { loaded.tokenizer.tokenText($0) })),
      ]))
  }
}
