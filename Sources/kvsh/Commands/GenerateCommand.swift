import Lang
import Runtime

/// `generate TEXT`: one answer, with whatever configuration comes through the pipe.
struct GenerateCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "generate", summary: "Answers one prompt; a configuration through the pipe compresses the cache meanwhile.",
    parameters: [
      Parameter("text", .string, doc: "The prompt.", positional: true, required: true),
      Parameter("max", .int, default: .int(64), range: 1...65_536, doc: "Most new tokens."),
      Parameter(
        "temperature", .value(.number), default: .float(0), range: 0...100, doc: "0 takes the likeliest token."),
      Parameter("top_p", .value(.number), default: .float(1), range: 0...1, doc: "Likeliest tokens up to this sum."),
      Parameter("top_k", .int, default: .int(0), range: 0...1e6, doc: "Likeliest tokens; 0 keeps all."),
      Parameter("seed", .int, default: .int(0), range: 0...4_294_967_295, doc: "Seed of the noise."),
      Parameter(
        "chat", .choice(["auto", "on", "off"]), default: .string("auto"), doc: "The model's chat template around it."),
      Parameter("stop", .value(.union([.string, .list])), doc: "Text that ends the answer."),
    ] + EngineArguments.parameters(), accepts: [.nil, .object("config")], produces: .string,
    examples: [Example("generate \"What is a cache?\" max=24", "Greedy.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    // A loop whose last run was ended early ends with it.
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let loaded = try call.placing { try workbench.models.current() }
    guard call.input.choice == nil else {
      throw AutoChoice.notHere("one configuration", at: call.inputSpan ?? call.span)
    }
    let configurations = call.input.configurations ?? [.none]
    guard let configuration = configurations.first, configurations.count == 1 else {
      throw Problem(
        "K302", seen: "`generate` was given \(configurations.count) configurations", expected: "one",
        suggestion: "use `run` for several", labels: [.init(call.inputSpan ?? call.span)])
    }
    let chat =
      switch try call.name("chat") {
      case "on": true
      case "off": false
      default: loaded.chats
      }
    let maxTokens = try call.int("max")
    try call.placingAtInput { try configuration.check(shape: loaded.model.cacheShape) }
    let attention = try EngineArguments.checkedEngines(call, [configuration], loaded).first ?? .fused
    let request = Request(id: "generate", prompt: try call.string("text"), promptTokens: 0)
    let sample = try call.placing(at: "max") { try PreparedSample(request, loaded, chat: chat, maxTokens: maxTokens) }
    let sampling = Sampling(
      temperature: try call.float("temperature"), topP: try call.float("top_p"), topK: try call.int("top_k"),
      seed: UInt64(max(0, try call.int("seed"))))
    let stops = call.values("stop").map(\.text).filter { !$0.isEmpty }
    var answer = ""
    var wasCancelled = false
    var tokens: [Int32] = []
    func report() {
      workbench.progress.update(ProgressState(label: "generate", done: tokens.count, total: maxTokens, note: "tokens"))
    }
    report()
    defer { workbench.progress.finish() }
    do {
      try call.placing {
        try loaded.engine.run(
          [GenerationRequest(sample: request.id, prompt: sample.ids, text: sample.text, maxTokens: maxTokens)],
          compressor: configuration, sampling: sampling, attention: attention, cancellation: workbench.cancellation,
          shouldStop: { _, tokens in
            guard !stops.isEmpty else { return false }
            let text = loaded.tokenizer.decode(tokens, skipSpecial: true)
            return stops.contains { text.contains($0) }
          },
          onToken: { _, token in
            tokens.append(token)
            report()
          }
        ) { _ in }
      }
    } catch is CancellationError {
      wasCancelled = true
    }
    answer = loaded.tokenizer.decode(tokens, skipSpecial: true)
    for stop in stops { if let range = answer.range(of: stop) { answer = String(answer[..<range.lowerBound]) } }
    if wasCancelled {
      workbench.wasInterrupted = true
      workbench.cancellation.reset()
      context.cancellation.reset()
      context.print("note: interrupted after \(tokens.count) tokens")
    }
    return .string(answer)
  }
}
