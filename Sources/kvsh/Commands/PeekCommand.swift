import Lang
import Runtime

/// `peek sharegpt 3`: what the model is given for a sample, exactly.
struct PeekCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "peek", summary: "Shows the prompt of a sample exactly as the model gets it, template and truncation included.",
    parameters: [
      Parameter(
        "dataset", .name(kind: "dataset"), doc: "Where the prompts come from.", positional: true, required: true),
      Parameter("k", .int, default: .int(0), range: 0...1e6, doc: "Which sample, from 0.", positional: true),
    ] + RunOptions.parameters.filter { ["max", "seed", "chat"].contains($0.name) },
    produces: .record, examples: [Example("peek sharegpt 3", "The fourth prompt of seed 0.")], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let k = try call.int("k")
    let loaded = try call.placing { try workbench.models.current() }
    let name = try call.name("dataset")
    let found = try call.placing(at: "dataset") { try Datasets.find(name, home: workbench.home) }
    let load = try call.placing(at: "dataset") { try found.load(call, loaded) }
    guard k < load.requests.count else {
      throw Problem(
        "K406", seen: "sample \(k) of \(load.requests.count)", expected: "a number below \(load.requests.count)",
        labels: [.init(call.span(of: "k"))])
    }
    let chat =
      switch try call.name("chat") {
      case "on": true
      case "off": false
      default: found.dataset.card.chat ?? loaded.chats
      }
    let maxTokens = try call.int("max")
    let sample = try call.placing(at: "max") {
      try PreparedSample(load.requests[k], loaded, chat: chat, maxTokens: maxTokens)
    }
    return .record(
      Record([
        ("sample", .string(sample.request.id)), ("prompt_tokens", .int(sample.ids.count)),
        ("truncated", .bool(sample.truncated)), ("chat", .bool(sample.chat)),
        ("prompt", .string(loaded.tokenizer.decode(sample.ids))),
        ("reference", sample.request.reference.map { .string($0) } ?? .nil),
      ]))
  }
}
