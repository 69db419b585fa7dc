import Lang
import Runtime

/// `logprobs TEXT top=20`: the likeliest next tokens.
struct LogprobsCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "logprobs", summary: "The likeliest next tokens after a text, with natural-log probabilities.",
    details: "The text is taken as it is: special tokens are read as such and no template is put around it.",
    parameters: [
      Parameter("text", .string, doc: "The text.", positional: true, required: true),
      Parameter("top", .int, default: .int(20), range: 1...1_000, doc: "How many tokens."),
    ], produces: .table, columns: ["id", "token", "logprob"], flow: .exact,
    examples: [Example("logprobs \"The capital of France is\" top=3", "Three tokens.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let loaded = try call.placing { try workbench.models.current() }
    let ids = loaded.tokenizer.encode(try call.string("text"), parseSpecial: true)
    let top = try call.int("top")
    let ranked = try call.placing(at: "text") { try loaded.engine.likeliest(after: ids, count: top) }
    return .table(
      Table(columns: [
        .init("id", .ints(ranked.map { Int($0.token) })),
        .init("token", .strings(ranked.map { loaded.tokenizer.tokenText($0.token) })),
        .init("logprob", .floats(ranked.map { $0.logProbability })),
      ]))
  }
}
