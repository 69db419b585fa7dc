import Lang

/// `time run sharegpt n=4`: the parser takes the word off and times what follows; this is its declaration.
struct TimeCommand: Command {
  let signature = Signature(
    "time", summary: "Says how long an expression or a whole pipeline took; its value goes on as without it.",
    parameters: [
      Parameter(
        "work", .any, doc: "What to time; everything up to the end of the line.", positional: true, required: true)
    ],
    accepts: [.nil], produces: .any,
    examples: [
      Example("time sum(1..100000)", "A number and its time."),
      Example("time compress kivi bits=2 | measure prefill tokens=64 repeat=3", "A whole pipeline."),
    ], group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value { try call.value("work") }
}
