import Lang
import Runtime

/// `predict throughput`: the time of one forward out of a profile of a layer's parts.
struct ThroughputPrediction: Prediction {
  let entry = NameEntry(
    "throughput", summary: "the time of a prefill or of a decode step of any batch and length",
    details: """
      Times are those that `profile` measured on this machine, or published ones (from=). A forward is its layers times their operators and attention, each looked up among profiled times. low_ms and high_ms \
      hold the share `level` of forwards like those that the predictor was tested on; heldout_error is its mean error over \
      the heldout_n of them. range says `tested` among those, `profiled` where only a layer's parts were measured; beyond the \
      profile, up to twice as far, the interval widens to what the time may grow to and range says `beyond`; farther out \
      there is no prediction.
      """,
    parameters: [
      Parameter("method", .name(kind: "method"), doc: "The configuration's method.", positional: true),
      Parameter(
        "stage", .choice(["prefill", "decode"]), default: .string("decode"), doc: "Which kind of forward.",
        sweepable: true),
      Parameter(
        "batch", .int, default: .int(1), range: 1...65_536, doc: "Requests in the forward.", sweepable: true),
      Parameter(
        "tokens", .int, default: .int(1_024), range: 1...16_777_216,
        doc: "Tokens of each prompt, or cached of each request in decode.", sweepable: true),
      Parameter(
        "level", .value(.union([.number, .share])), default: .share(0.9), range: 0.01...0.99,
        doc: "What share of forwards the interval is to hold."),
    ] + Self.shared)

  /// What `predict throughput` and `predict accuracy` have in common.
  static let shared =
    [
      Parameter(
        "regressor", .choice(["table", "forest", "poly"]), default: .string("table"),
        doc: "How times between profiled points are guessed; forest and poly are Vidur's.", sweepable: true),
      Parameter("trees", .int, default: .int(250), range: 1...2_000, doc: "With forest: trees."),
      Parameter("depth", .int, default: .int(32), range: 1...64, doc: "With forest: splits from root to leaf."),
      Parameter("split", .int, default: .int(2), range: 2...1_000, doc: "With forest: rows a node needs to be split."),
      Parameter("seed", .int, default: .int(0), range: 0...1e15, doc: "With forest: of its samples."),
    ] + ThroughputSources.parameters

  let columns = [
    "config", "stage", "batch", "tokens", "ms", "low_ms", "high_ms", "tok_s", "range", "regressor", "heldout_error",
    "heldout_n",
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let source = try ThroughputSources.find(call, workbench)
    let level = if case .share(let share) = try call.value("level") { share } else { try call.float("level") }
    var rows: [Record] = []
    let compressors = try call.namedConfigurations("method", context)
    for compressor in compressors {
      if let remark = try call.placing(
        at: call.isGiven("method") ? "method" : nil, { try source.remark(on: compressor) })
      {
        context.print("note: \(remark)")
      }
      for regression in try Self.regressions(call) {
        let predictor = try call.placing(at: call.isGiven("method") ? "method" : nil) {
          try source.predictor(of: compressor, regression: regression)
        }
        for stage in call.values("stage") {
          for batch in call.ints("batch") {
            for tokens in call.ints("tokens") {
              let estimate = try call.placing(at: call.isGiven("tokens") ? "tokens" : nil) {
                try predictor.estimate(
                  stage.text == "prefill" ? .prefill : .decoding, batch: batch, tokens: tokens, level: level)
              }
              rows.append(Self.record(estimate, compressor, regression))
            }
          }
        }
      }
    }
    context.print("note: times of \(try call.placing { try source.origin(of: compressors) })")
    return rows
  }

  /// The regressions that a call asks for.
  static func regressions(_ call: Call) throws -> [TimeRegression] {
    let settings = ForestSettings(
      trees: try call.int("trees"), depth: try call.int("depth"), minimumSplit: try call.int("split"),
      seed: UInt64(max(0, try call.int("seed"))))
    return call.values("regressor").map { value in
      switch value.text {
      case "forest": .forest(settings)
      case "poly": .polynomial
      default: .table
      }
    }
  }

  private static func record(_ estimate: ThroughputEstimate, _ compressor: Compressor, _ regression: TimeRegression)
    -> Record
  {
    Record([
      ("config", .string(compressor.label)), ("stage", .string(estimate.stage == .prefill ? "prefill" : "decode")),
      ("batch", .int(estimate.batch)), ("tokens", .int(estimate.tokens)), ("ms", .float(estimate.seconds * 1_000)),
      ("low_ms", .float(estimate.lowSeconds * 1_000)), ("high_ms", .float(estimate.highSeconds * 1_000)),
      ("tok_s", .float(estimate.tokensPerSecond)),
      ("range", .string(estimate.reach.rawValue)), ("regressor", .string(regression.name)),
      ("heldout_error", estimate.heldOut.percent.map { .share(1 - $0 / 100) } ?? .nil),
      ("heldout_n", .int(estimate.heldOut.points.count)),
    ])
  }
}
