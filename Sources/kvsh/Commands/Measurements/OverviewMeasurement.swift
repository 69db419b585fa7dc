import Lang
import Runtime

/// `measure overview`: what every method keeps, costs and changes, one row each.
struct OverviewMeasurement: Measurement {
  let entry = NameEntry(
    "overview", summary: "One row a method: what it keeps, holds and reads, what it changes, how fast it is.",
    details: """
      Without configurations through the pipe all methods are measured, each at its default settings. kept, held_bytes, \
      read_bytes, kl and agreement are those of `measure quality` at the depth `tokens`; passkey is the share of `n` \
      keys that are found in prompts of 1,000 tokens (rows of it are kept, as those of `run`); prefill and decode are \
      the speed over the uncompressed cache's in the same rounds, of a prompt of `tokens` tokens and of steps behind \
      it. A method that cannot run here keeps its row, and note says why.
      """,
    parameters: [
      Parameter("tokens", .int, default: .int(1_024), range: 16...1_048_576, doc: "Tokens of the texts."),
      Parameter("windows", .int, default: .int(4), range: 1...10_000, doc: "Windows of the quality columns."),
      Parameter("n", .int, default: .int(16), range: 1...100_000, doc: "Samples of passkey."),
      Parameter("repeat", .int, default: .int(3), range: 1...1_000, doc: "Rounds of the speeds."),
      .measuredText,
    ],
    examples: [
      Example(
        "compress kivi bits=2 | measure overview tokens=64 windows=1 n=1 repeat=1", "One method beside the baseline.")
    ])

  let columns = [
    "config", "kept", "held_bytes", "read_bytes", "kl", "agreement", "passkey", "prefill", "decode", "storage", "note",
    "kl_low", "kl_high", "agreement_low", "agreement_high", "ratio", "passkey_low", "passkey_high", "prefill_low",
    "prefill_high", "decode_low", "decode_high", "tokens", "windows", "n",
  ]

  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    let wanted = try call.input.type == .nil ? Self.allMethods() : configurations
    let tokens = try call.int("tokens")
    var sheet = OverviewSheet(wanted)
    try quality(call, &sheet, tokens, loaded, workbench)
    try passkey(call, &sheet, loaded, workbench)
    try speed(call, &sheet, tokens, loaded, workbench)
    return sheet.records(columns, common: [("tokens", .int(tokens))])
  }

  /// The baseline and every method at its default settings.
  static func allMethods() throws -> [Compressor] { [.none] + (try Compressors.all.map { try Compressor($0.name) }) }

  private func quality(
    _ call: Call, _ sheet: inout OverviewSheet, _ tokens: Int, _ loaded: LoadedModel, _ workbench: Workbench
  ) throws {
    let text = try MeasuredWords.ids(call, loaded, workbench)
    let plan = QualityPlan(depth: tokens, steps: 64, follow: 0, windows: try call.int("windows"))
    let configurations = sheet.running
    let runs = try call.placing(at: text.count < tokens + plan.steps ? "text" : "tokens") {
      try loaded.engine.quality(of: text, configurations, plan, workbench.cancellation) { done, total, index in
        workbench.progress.update(
          ProgressState(
            label: "quality", done: done, total: total, note: index.map { configurations[$0].label } ?? "baseline"))
      }
    }
    for (compressor, run) in zip(configurations, runs) {
      sheet.fill(compressor) {
        let run = try run.get()
        guard !run.windows.isEmpty else { return [] }
        let record = try QualityMeasurement.record(run, compressor)
        return zip(record.keys, record.values).map { ($0, $1) }
      }
    }
  }

  private func passkey(
    _ call: Call, _ sheet: inout OverviewSheet, _ loaded: LoadedModel, _ workbench: Workbench
  ) throws {
    let dataset = PasskeyDataset()
    let load = try call.placing {
      try dataset.load(
        try DatasetArguments(["n": .int(try call.int("n"))], for: dataset.card),
        from: DatasetSource(countTokens: { loaded.rawIds($0).count }))
    }
    let options = RunOptions(maxTokens: 1_024, sampling: .greedy, batch: 8)
    let samples = try call.placing {
      try load.requests.map { try PreparedSample($0, loaded, chat: false, maxTokens: options.maxTokens) }
    }
    let store = try call.placing { try workbench.store() }
    for compressor in sheet.running where !workbench.cancellation.isCancelled {
      sheet.fill(compressor) {
        let study = StudyRun(
          loaded: loaded, store: store, workbench: workbench, options: options,
          arms: [StudyArm(compressor, options.sampling)], samples: samples, chat: false)
        let rows = try study.run(line: call.span.text).rows[0]
        let scores = samples.compactMap { sample -> Double? in
          guard let row = rows[study.key(sample)], let key = sample.request.reference else { return nil }
          return dataset.card.scoring?.score(row.text, reference: key)
        }
        guard scores.count == samples.count else { return [] }
        let found = try ShareEstimate(count: scores.count { $0 == 1 }, total: scores.count)
        return [
          ("passkey", .share(found.value)), ("passkey_low", .share(found.low)), ("passkey_high", .share(found.high)),
          ("n", .int(scores.count)),
        ]
      }
    }
  }

  private func speed(
    _ call: Call, _ sheet: inout OverviewSheet, _ tokens: Int, _ loaded: LoadedModel, _ workbench: Workbench
  ) throws {
    let questions: [(String, SpeedQuestion)] = [
      ("prefill", .prefill(tokens: tokens, batch: 1, style: .llamaBench)),
      ("decode", .decode(depth: tokens, batch: 1, steps: 16, style: .llamaBench)),
    ]
    let repeats = try call.int("repeat")
    for (name, question) in questions where !workbench.cancellation.isCancelled {
      let speeds = SpeedRows(label: name, plan: MeasuringPlan(warmups: 1, repeats: repeats))
      let configurations = sheet.running
      let rows = try call.placing(at: "tokens") {
        try speeds.rows([.init(question: question, cells: [])], configurations, loaded, workbench)
      }
      for compressor in configurations {
        // An arm that an interrupt left without a round has no row.
        guard let row = rows.first(where: { $0["config"]?.text == compressor.label }) else { continue }
        sheet.fill(compressor) {
          [
            (name, row["speedup"] ?? .nil), ("\(name)_low", row["speedup_low"] ?? .nil),
            ("\(name)_high", row["speedup_high"] ?? .nil),
          ]
        }
      }
    }
  }
}

/// The rows of an overview while they fill, by configuration.
struct OverviewSheet {
  private let configurations: [Compressor]
  private var cells: [[String: Value]]
  private var problems: [RuntimeProblem?]

  init(_ configurations: [Compressor]) {
    self.configurations = configurations
    cells = configurations.map { ["config": .string($0.label), "storage": .string($0.storage.rawValue)] }
    problems = configurations.map { _ in nil }
  }

  /// Configurations that have not met a problem.
  var running: [Compressor] { zip(configurations, problems).filter { $0.1 == nil }.map(\.0) }

  /// Adds cells to a configuration's row; a problem ends that row, not the table.
  mutating func fill(_ compressor: Compressor, _ work: () throws -> [(String, Value)]) {
    guard let place = configurations.firstIndex(where: { $0.specification == compressor.specification }) else { return }
    do {
      for (name, value) in try work() { cells[place][name] = value }
    } catch let problem as RuntimeProblem {
      problems[place] = problem
      cells[place]["note"] = .string("\(problem)")
    } catch {
      cells[place]["note"] = .string("\(error)")
    }
  }

  func records(_ columns: [String], common: [(String, Value)]) -> [Record] {
    cells.map { own in
      let all = own.merging(common) { first, _ in first }
      return Record(columns.map { ($0, all[$0] ?? .nil) })
    }
  }
}
