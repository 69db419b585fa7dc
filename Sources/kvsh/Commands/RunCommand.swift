import Foundation
import Lang
import Runtime

/// `run sharegpt n=1000`: every configuration, and the uncompressed cache, over the samples of a data set.
struct RunCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "run", summary: "Runs configurations and the uncompressed baseline over a data set; one row a response.",
    details: """
      Configurations come through the pipe; without any, the baseline alone runs. Rows are kept as they finish: the same \
      line again goes on where it stopped, or returns at once. Ctrl-C returns the rows that are finished.

      ttft_ms runs from the start of a request's prefill to its first token, e2e_ms to its last; tbot_ms is the mean time \
      between the others. cache_bytes is held at the end, cache_bytes_peak at most, read_bytes is read by one decode step.

      Behind `compress auto` a configuration is chosen for each request; the column `choice` says which.

      Data sets with right answers (passkey, recall) fill `score`, and `depth` says where in the prompt the answer stands.

      controls=on adds configurations in which nothing is compressed: the baseline at a tenth less and a tenth more of the \
      temperature, under the same noise, and `reseed`, the baseline under other noise. A compressor has to be set beside \
      what they do to lengths.
      """,
    parameters: [
      Parameter(
        "dataset", .name(kind: "dataset"), doc: "Where the prompts come from.", positional: true, required: true)
    ] + RunOptions.parameters,
    accepts: [.nil, .object("config"), .list], produces: .table, columns: RunTable.columnNames, flow: .exact,
    examples: [
      Example("run sharegpt n=4 max=16", "The baseline alone."),
      Example("compress kivi bits=2 | run sharegpt n=4 max=16", "Beside a compressed cache."),
      Example("compress kivi bits=2 | run sharegpt n=4 max=16 controls=on | lengths", "Beside the dice."),
      Example(
        "compress streamingllm budget=128 | run passkey n=4 tokens=300 | summarize score=mean(score) by=config",
        "Is a number in the middle of a text still found?"),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    // A loop whose last run was ended early ends with it.
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let dataset = try dataset(call)
    let options = try RunOptions(call, for: dataset.dataset.card)
    let store = try call.placing { try workbench.store() }
    let loaded = try call.placing { try workbench.models.current() }
    let configurations = try call.configurations(baseline: options.baseline, takesChoice: true)
    let candidates = call.input.choice?.candidates ?? []
    try call.placingAtInput {
      for each in configurations + candidates { try each.check(shape: loaded.model.cacheShape) }
    }
    _ = try EngineArguments.checkedEngines(call, configurations + candidates, loaded)
    let chooser = try call.placingAtInput { try call.input.choice.map { try AutoChooser($0, workbench) } }
    let load = try call.placing(at: "dataset") { try dataset.load(call, loaded) }
    if let shortfall = load.shortfall { context.print("note: \(shortfall)") }
    let segmenter = try segmenter(call, load.requests, context)
    let chat = options.chat ?? loaded.chats
    let samples = try call.placing(at: "max") {
      try load.requests.map { try PreparedSample($0, loaded, chat: chat, maxTokens: options.maxTokens) }
    }
    var record = try call.placing {
      try RunRecord(
        run: Self.written(call, DatasetCall.values(call, for: dataset.dataset.card), options), configurations, loaded,
        store)
    }
    if let chooser { record.configurations.append(chooser.choice.line) }
    workbench.latestRecord = record
    let chosen = try call.placingAtInput { try chooser.map { try $0.arm(samples, loaded, options.sampling) } }
    let arms = configurations.map { StudyArm($0, options.sampling) } + options.controls + [chosen].compactMap { $0 }
    let study = StudyRun(
      loaded: loaded, store: store, workbench: workbench, options: options, arms: arms, samples: samples, chat: chat,
      record: record)
    let total = arms.count * samples.count
    let outcome = try call.placing { try study.run(line: Self.lines(of: call)) }
    let rows = zip(arms, outcome.rows).flatMap { arm, rows in
      // The label is this line's: a stored row may come from one that gave a default by name.
      samples.enumerated().compactMap { place, sample -> RunTable.Source? in
        guard var row = rows[study.key(sample)] else { return nil }
        row.config = arm.label
        return RunTable.Source(
          row: row, request: sample.request, scoring: dataset.dataset.card.scoring,
          segmenter: segmenter, choice: arm.choice(of: place)?.label)
      }
    }
    if let chosen { context.print(AutoChooser.summary(chosen)) }
    note(study, outcome, rows.count, total, in: context)
    return .table(RunTable.table(rows))
  }

  /// What Chinese answers are scored with; says beforehand if they will have no score.
  private func segmenter(_ call: Call, _ requests: [Request], _ context: Context) throws -> ChineseSegmenter? {
    let chinese = requests.count { $0.judgement?.metric.needsSegmentation == true }
    guard chinese > 0 else { return nil }
    let segmenter = try call.placing(at: "dataset") { try workbench.chinese.current() }
    if segmenter == nil { context.print(workbench.chinese.missing(chinese)) }
    return segmenter
  }

  /// The stage with every option written out, defaults too: they may change.
  static func written(_ call: Call, _ values: [String: DatasetValue], _ options: RunOptions) throws -> String {
    var arguments: [(String, Value)] = values.filter { $0.key != "seed" }
      .sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) }
    arguments += [
      ("seed", .int(try call.int("seed"))), ("noise_seed", .int(Int(clamping: options.sampling.seed))),
      ("max", .int(options.maxTokens)), ("temperature", .float(options.sampling.temperature)),
      ("top_p", .float(options.sampling.topP)), ("top_k", .int(options.sampling.topK)), ("batch", .int(options.batch)),
    ]
    if !options.controls.isEmpty {
      let temperatures = options.controls.filter { $0.sampling.seed == options.sampling.seed }.map {
        Value.float($0.sampling.temperature)
      }
      arguments.append(("control_temperature", .list(temperatures)))
    }
    let words = [
      ("chat", options.chat.map { $0 ? "on" : "off" } ?? "auto"), ("baseline", options.baseline ? "on" : "off"),
    ]
    return
      (["run", try call.name("dataset")] + arguments.map { "\($0.0)=\($0.1.display)" }
      + words.map { "\($0.0)=\($0.1)" }).joined(separator: " ")
  }

  /// The lines of the text that the stage and what comes into it stand on.
  static func lines(of call: Call) -> String {
    let source = call.span.source
    let span = call.inputSpan.map(call.span.union) ?? call.span
    let first = source.lineRange(source.line(at: span.start))
    let last = source.lineRange(source.line(at: max(span.start, span.end - 1)))
    return source.text(in: first.lowerBound..<max(first.upperBound, last.upperBound))
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func dataset(_ call: Call) throws -> FoundDataset {
    let name = try call.name("dataset")
    return try call.placing(at: "dataset") { try Datasets.find(name, home: workbench.home) }
  }

  private func note(_ study: StudyRun, _ outcome: StudyRun.Outcome, _ rows: Int, _ total: Int, in context: Context) {
    if outcome.wasCancelled {
      // The rest of the line works on what is there; the session stops after it.
      workbench.wasInterrupted = true
      workbench.cancellation.reset()
      context.cancellation.reset()
      context.print("note: interrupted with \(rows) of \(total) rows; the same line goes on from here")
    }
    let truncated = study.samples.filter(\.truncated).count
    if truncated > 0 { context.print("note: \(truncated) of \(study.samples.count) prompts lost their middle to fit") }
    let baseline = Compressor.none.label
    for (place, arm) in study.arms.enumerated() where arm.label != baseline {
      guard let base = study.arms.firstIndex(where: { $0.label == baseline }) else { return }
      let pairs = outcome.rows[place].compactMap { key, row in outcome.rows[base][key].map { ($0, row) } }
      if !pairs.isEmpty, pairs.allSatisfy({ $0.text == $1.text && $0.payloadBytes == $1.payloadBytes }) {
        context.print(
          "note: \(arm.label) changed nothing in \(pairs.count) responses"
            + (arm.compressor.stages.isEmpty ? "" : ": no cache grew past what it keeps"))
      }
    }
  }
}

extension Value {
  fileprivate init(_ value: DatasetValue) {
    switch value {
    case .int(let number): self = .int(number)
    case .float(let number): self = .float(number)
    case .string(let text): self = .string(text)
    case .bool(let flag): self = .bool(flag)
    case .words(let words): self = .list(words.map { .string($0) })
    }
  }
}

/// The data set's own arguments of a call.
enum DatasetCall {
  static func values(_ call: Call, for card: DatasetCard) throws -> [String: DatasetValue] {
    var values: [String: DatasetValue] = [:]
    for parameter in card.parameters {
      guard parameter.name == "seed" || call.isGiven(parameter.name), let value = call.optional(parameter.name) else {
        continue
      }
      switch value {
      case .int(let number): values[parameter.name] = .int(number)
      case .float(let number): values[parameter.name] = .float(number)
      case .string(let text): values[parameter.name] = .string(text)
      case .bool(let flag): values[parameter.name] = .bool(flag)
      case .list(let words): values[parameter.name] = .words(words.map(\.text))
      default:
        throw Problem(
          "K406", seen: "\(parameter.name)=\(value.display)", expected: parameter.expectation,
          labels: [.init(call.span(of: parameter.name))])
      }
    }
    return values
  }
}
