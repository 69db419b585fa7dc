import Lang
import Runtime

/// `breakeven kivi bits=2`: from which length on a configuration is faster than the uncompressed cache on this machine.
struct BreakEvenCommand: Command {
  let workbench: Workbench

  static let columns = [
    "config", "stage", "batch", "tokens", "fp16_tok_s", "tok_s", "speedup", "speedup_low", "speedup_high", "noise",
    "verdict", "repeats", "threads", "pays_from",
  ]

  let signature = Signature(
    "breakeven", summary: "Says from which length and batch on a method pays on this machine, or that it never does.",
    details: """
      Lengths double from `from` to `to`; at each the method is timed in turn with the uncompressed cache, and the \
      uncompressed cache with itself, as `measure decode` does. If it is faster at the greatest lengths, the border is \
      halved to a tenth of its length. It pays from a length on if it is faster there and at every greater length that \
      was measured; a speed-up within the machine's noise is none. pays_from is that length.

      Lengths between measured ones, beyond `to` and on other machines may do otherwise.
      """,
    parameters: [
      Parameter(
        "method", .name(kind: "method"),
        doc: "A method with its parameters, `kivi bits=2`. Default: the configurations of the pipe.", positional: true,
        orValue: .union([.object("config"), .list])),
      Parameter("from", .int, default: .int(256), range: 1...1_048_576, doc: "The least length, in tokens."),
      Parameter(
        "to", .int, range: 1...1_048_576, doc: "The greatest length. Default: 4096, or what the context holds."),
      .measuredBatch,
      Parameter("stage", .choice(["decode", "prefill"]), default: .string("decode"), doc: "What is to be faster."),
      Parameter("steps", .int, default: .int(16), range: 1...65_536, doc: "Timed steps of a round of decode."),
    ] + MeasuringPlan.parameters(warmups: 0).filter { $0.name != "noise" },
    accepts: [.nil, .object("config"), .list], produces: .table, columns: columns,
    examples: [
      Example(
        "breakeven streamingllm budget=32 from=32 to=64 steps=4 repeat=2", "From which of these lengths on, if any?")
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let configurations = try configurations(call, context)
    let loaded = try call.placing { try workbench.models.current() }
    try call.placing(at: "method") { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    let search = try search(call, loaded)
    defer { workbench.progress.finish() }
    var rows: [Record] = []
    works: for compressor in configurations {
      var outcomes: [BreakEvenOutcome] = []
      for batch in call.ints("batch") {
        let study = BreakEvenStudy(
          compressor: compressor, batch: batch, stage: try call.name("stage"), steps: try call.int("steps"),
          plan: try MeasuringPlan(call, noise: true), engine: loaded.engine, workbench: workbench)
        let outcome = try call.placing(at: "to") { try study.run(search, keepsRows: !rows.isEmpty) }
        rows += outcome.records
        context.print(outcome.sentence)
        outcomes.append(outcome)
        if workbench.cancellation.isCancelled { break works }
      }
      if let sentence = BreakEvenOutcome.batches(outcomes) { context.print(sentence) }
    }
    if workbench.cancellation.isCancelled {
      workbench.wasInterrupted = true
      workbench.cancellation.reset()
      context.cancellation.reset()
      context.print("note: interrupted; the rows are of what was measured until then")
    }
    return .table(
      Table(columns: Self.columns.map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) }))
  }

  private func configurations(_ call: Call, _ context: Context) throws -> [Compressor] {
    let cards = (context.catalogue as? KvshCatalogue)?.cards ?? Compressors.all
    let hasMethod = call.entry("method") != nil || call.optional("method") != nil
    guard hasMethod || call.input.type != .nil else {
      throw Problem.missingArgument("method", of: signature.name, at: call.span)
    }
    let all =
      try (call.input.type == .nil ? [] : call.configurations(baseline: false))
      + (hasMethod ? call.chosenConfigurations(among: cards) : [])
    var seen: Set<String> = [Compressor.none.specification]
    let own = all.filter { seen.insert($0.specification).inserted }
    guard !own.isEmpty else {
      throw Problem(
        "K670", seen: "the uncompressed cache is all there is to compare with itself", expected: "a method",
        suggestion: "breakeven kivi bits=2", labels: [.init(call.span)])
    }
    return own
  }

  /// The lengths to search, which must fit the context before anything is timed.
  private func search(_ call: Call, _ loaded: LoadedModel) throws -> BreakEvenSearch {
    let isDecode = try call.name("stage") == "decode"
    let room =
      loaded.model.configuration.contextTokens
      - (isDecode ? TimedWork.decode(depth: 1, batch: 1, steps: try call.int("steps")).textTokens - 1 : 0)
    let least = try call.int("from")
    let greatest = try call.optional("to") == nil ? max(least, min(4_096, room)) : call.int("to")
    guard greatest <= room else {
      throw Problem(
        "K670",
        seen: "\(greatest) tokens\(isDecode ? " and the steps behind them" : "") do not fit the model's context",
        expected: "lengths up to \(max(0, room))",
        labels: [.init(call.isGiven("to") ? call.span(of: "to") : call.span(of: "from"))])
    }
    guard least <= greatest else {
      throw Problem(
        "K670", seen: "the lengths begin at \(least) and end at \(greatest)", expected: "from= no greater than to=",
        labels: [.init(call.span(of: "from"))])
    }
    return BreakEvenSearch(least: least, greatest: greatest)
  }
}
