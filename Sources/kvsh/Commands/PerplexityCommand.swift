import Foundation
import Lang
import Runtime

/// `perplexity PATH`: how well the model foretells a text, with and without a compressed cache.
struct PerplexityCommand: Command {
  let workbench: Workbench

  static let columns = [
    "config", "tokens", "scored", "windows", "window", "stride", "fed", "perplexity", "low", "high", "nll", "ratio",
  ]

  let signature = Signature(
    "perplexity", summary: "How well the model foretells a text, teacher-forced over windows of the context.",
    details: """
      The text is taken as it is, no template around it. Windows of `window` tokens begin `stride` tokens after each other, \
      and each scores the tokens that the ones before it have not: at least window - stride tokens stand before a scored \
      one. perplexity is exp(nll), nll the mean of -ln p over the scored tokens; low and high are a 95 % interval over the \
      windows' means; ratio is the perplexity over the uncompressed cache's.

      Methods act behind a prompt. So with configurations every row is fed by steps: a window's context is the prompt, and \
      its scored tokens go through one by one against the compressed cache, the uncompressed one alike. Alone, a window is \
      one prompt, which is faster.
      """,
    parameters: [
      Parameter("path", .path, doc: "A file of text, UTF-8.", positional: true, required: true),
      Parameter("window", .int, default: .int(1_024), range: 2...1_048_576, doc: "Tokens of a window."),
      Parameter("stride", .int, range: 1...1_048_576, doc: "Tokens from window to window. Default: half a window."),
      Parameter("tokens", .int, range: 2...1e9, doc: "Only the text's first tokens."),
      Parameter(
        "feed", .choice(["auto"] + BatchEngine.Feeding.allCases.map(\.rawValue)), default: .string("auto"),
        doc: "auto: prompt alone, steps with configurations."),
      Parameter("batch", .int, default: .int(8), range: 1...256, doc: "Windows that are fed by steps together."),
    ],
    accepts: [.nil, .object("config"), .list], produces: .table, columns: columns,
    examples: [
      Example("perplexity \"examples/demo.kvs\"", "One row."),
      Example(
        "compress kivi bits=2 | perplexity \"examples/demo.kvs\" window=256", "Beside a compressed cache."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    // A loop whose last work was ended early ends with it.
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let hasConfigurations = call.input.type != .nil
    let configurations = try call.configurations(baseline: true)
    let text = try call.placing(at: "path") { try TextFile.read(try call.path("path")) }
    let loaded = try call.placing { try workbench.models.current() }
    try call.placingAtInput { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    let window = try call.int("window")
    let stride = call.optional("stride")?.asInt ?? max(1, window / 2)
    let ids = Array(loaded.rawIds(text).prefix(call.optional("tokens")?.asInt ?? .max))
    let feeding =
      BatchEngine.Feeding(rawValue: try call.name("feed")) ?? (hasConfigurations ? .steps : .prompt)
    let batch = try call.int("batch")
    defer { workbench.progress.finish() }
    var rows: [Record] = []
    var baseline: Double?
    for (place, compressor) in configurations.enumerated() {
      let isShortened = feeding == .prompt && compressor.leavesPromptTokensOut
      let blamed =
        isShortened
        ? "feed" : window > loaded.model.configuration.contextTokens ? "window" : stride > window ? "stride" : "path"
      let run = try call.placing(at: blamed) {
        try loaded.engine.perplexity(
          of: ids, window: window, stride: stride, compressor, feeding: feeding, batch: batch, workbench.cancellation
        ) { done, total in
          workbench.progress.update(
            ProgressState(
              label: "perplexity", done: place * total + done, total: configurations.count * total,
              note: compressor.label))
        }
      }
      let loss = try call.placing { try run.meanLogLoss() }
      baseline = baseline ?? loss.value
      let windows = Value.int(run.windowMeans.count)
      rows.append(
        Record([
          ("config", .string(compressor.label)), ("tokens", .int(ids.count)), ("scored", .int(run.scored)),
          ("windows", windows), ("window", .int(window)), ("stride", .int(stride)),
          ("fed", .string(feeding.rawValue)), ("perplexity", .float(exp(loss.value))),
          ("low", loss.low.map { .float(exp($0)) } ?? .nil), ("high", loss.high.map { .float(exp($0)) } ?? .nil),
          ("nll", .float(loss.value)), ("ratio", .float(exp(loss.value - (baseline ?? loss.value)))),
        ]))
    }
    return .table(Table(rows: rows))
  }
}
