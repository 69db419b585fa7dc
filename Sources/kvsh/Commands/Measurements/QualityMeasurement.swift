import Lang
import Runtime

/// `measure quality depth=[256,1024]`: how far predictions are from the uncompressed cache's.
struct QualityMeasurement: Measurement {
  let entry = NameEntry(
    "quality", summary: "How far each configuration's predictions are from the uncompressed cache's, by depth.",
    details: """
      Windows of a text, evenly placed: `depth` tokens are the prompt that a method acts behind, the next `steps` tokens \
      go through one by one, the same for every configuration. kl is the mean over these steps of the Kullback-Leibler \
      divergence, in nats, of the configuration's next-token distribution from the uncompressed cache's; agreement the \
      share at which both find the same token likeliest; ratio the perplexity over the uncompressed cache's.

      parts_at is how many greedy tokens behind the same prompt are the same before the two texts part, the median \
      window; same is the share of windows that did not part within `follow` tokens, and these count as `follow`.

      low and high are 95 % intervals over the windows (kl, agreement, ratio: percentile bootstrap; parts_at: order \
      statistics; same: Wilson). A configuration that changes nothing has kl 0 and agreement 100 % exactly. kept is \
      tokens held over tokens of the text, held_bytes and read_bytes (one step) are means of a window's cache.
      """,
    parameters: [
      Parameter(
        "depth", .int, default: .int(1_024), range: 1...1_048_576, doc: "Tokens of a window's prompt.",
        sweepable: true),
      Parameter("steps", .int, default: .int(64), range: 1...65_536, doc: "Tokens fed and scored behind it."),
      Parameter("windows", .int, default: .int(8), range: 1...10_000, doc: "Windows; fewer if the text is short."),
      Parameter("follow", .int, default: .int(64), range: 0...65_536, doc: "Greedy tokens followed; 0 leaves it out."),
      .measuredText,
    ],
    examples: [
      Example(
        "compress streamingllm budget=64 | measure quality depth=[64,128] steps=8 windows=2 follow=8",
        "At a depth that the budget covers nothing changes.")
    ])

  let columns = [
    "config", "depth", "windows", "scored", "kl", "kl_low", "kl_high", "agreement", "agreement_low", "agreement_high",
    "perplexity", "ratio", "ratio_low", "ratio_high", "parts_at", "parts_low", "parts_high", "same", "same_low",
    "same_high", "kept", "held_bytes", "read_bytes", "storage",
  ]

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let text = try MeasuredWords.ids(call, loaded, workbench)
    let depths = call.ints("depth")
    let plan = QualityPlan(
      depth: 1, steps: try call.int("steps"), follow: try call.int("follow"), windows: try call.int("windows"))
    var rows: [Record] = []
    for (place, depth) in depths.enumerated() {
      var plan = plan
      plan.depth = depth
      let blamed = text.count < depth + plan.steps ? "text" : "depth"
      let runs = try call.placing(at: blamed) {
        try loaded.engine.quality(of: text, configurations, plan, workbench.cancellation) { done, total, index in
          workbench.progress.update(
            ProgressState(
              label: "quality", done: place * total + done, total: depths.count * total,
              note: index.map { configurations[$0].label } ?? "baseline"))
        }
      }
      for (compressor, run) in zip(configurations, runs) {
        let run = try call.placingAtInput { try run.get() }
        guard !run.windows.isEmpty else { continue }
        rows.append(try call.placingAtInput { try Self.record(run, compressor) })
      }
      if workbench.cancellation.isCancelled { break }
    }
    return rows
  }

  static func record(_ run: QualityRun, _ compressor: Compressor) throws -> Record {
    let (divergence, agreement) = (try run.divergence(), try run.agreement())
    let ratio = try run.perplexityRatio()
    let (parts, same) =
      run.followed > 0
      ? (try run.partsAt(), try run.sameTextShare()) as (IntervalEstimate?, ShareEstimate?) : (nil, nil)
    func cell(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }
    func share(_ number: Double?) -> Value { number.map { .share($0) } ?? .nil }
    let count = Double(run.held.count)
    return Record([
      ("config", .string(compressor.label)), ("depth", .int(run.depth)), ("windows", .int(run.windows.count)),
      ("scored", .int(run.windows.count * run.steps)), ("kl", .float(divergence.value)),
      ("kl_low", cell(divergence.low)), ("kl_high", cell(divergence.high)), ("agreement", .share(agreement.value)),
      ("agreement_low", share(agreement.low)), ("agreement_high", share(agreement.high)),
      ("perplexity", .float(try run.perplexity())), ("ratio", .float(ratio.value)), ("ratio_low", cell(ratio.low)),
      ("ratio_high", cell(ratio.high)), ("parts_at", cell(parts?.value)), ("parts_low", cell(parts?.low)),
      ("parts_high", cell(parts?.high)), ("same", share(same?.value)), ("same_low", share(same?.low)),
      ("same_high", share(same?.high)), ("kept", .share(run.held.reduce(0) { $0 + $1.keptShare } / count)),
      ("held_bytes", .int(run.held.reduce(0) { $0 + $1.bytes.held } / run.held.count)),
      ("read_bytes", .int(run.held.reduce(0) { $0 + $1.readBytesPerStep } / run.held.count)),
      ("storage", .string(compressor.storage.rawValue)),
    ])
  }
}

/// The text that quality is measured over.
enum MeasuredWords {
  /// Token ids of the file named, or of the bundled text.
  static func ids(_ call: Call, _ loaded: LoadedModel, _ workbench: Workbench) throws -> [Int32] {
    try call.placing(at: "text") {
      let path =
        try call.optional("text") == nil
        ? BundledSample.path(home: workbench.home, named: BundledSample.textName) : call.path("text")
      return loaded.rawIds(try TextFile.read(path))
    }
  }
}

extension Parameter {
  static let measuredText = Parameter(
    "text", .path, doc: "A file of text, UTF-8. Default: the book that comes with kvsh, Alice in Wonderland.")
}
