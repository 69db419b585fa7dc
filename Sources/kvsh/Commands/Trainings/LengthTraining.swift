import Lang
import Runtime

/// `train length from=run:12`: a predictor of response lengths out of a run, judged on requests it has not seen.
struct LengthTraining: Training {
  let entry = NameEntry(
    "length", summary: "how long each configuration's response to a prompt will be",
    details: """
      Predicts the length of each configuration's responses from the prompt alone: ridge regression on \
      ln(1 + tokens) over a sentence embedding of the prompt's first and last 256 word pieces, its tokens, digits, newlines, \
      code and question marks. A fifth of the requests, chosen by the SHA-256 of their names and so the same ones for every \
      configuration, is held out; penalty and shift come from cross-validation among the others. Rows give the mean over \
      `salts` such splits.

      accuracy is the paper's, 100 (1 - mean |predicted - L| / L), code_accuracy the artifact's; both can be far below 0 and \
      mean nothing alone, so every configuration has rows of honest baselines: `constant` (the best one number), `mean`, \
      `prompt length`, and `oracle_fp16`, the baseline's own length, which nobody has before the run. `fp16 x ratio` is the \
      predicted length of the baseline times a predicted ratio. coverage is the share of true lengths inside their interval, \
      made for `level`. direction is how often it is right whether a response gets longer or shorter, always_longer what \
      always saying longer gets. Many responses at_cap make any predictor look good.
      """,
    parameters: [
      Parameter("from", .path, doc: "run:ID, a line out of `history`, or run:last. Default: the table in the pipe."),
      Parameter(
        "features", .choice(["minilm", "hash"]), default: .string("minilm"),
        doc: "A sentence encoder, or hashed words where there is none."),
      Parameter(
        "bins", .bool, default: .bool(false), doc: "Judge the classifier of ten bins too, which takes minutes."),
      Parameter("test", .value(.union([.number, .share])), default: .float(0.2), doc: "Share held out, in tenths."),
      Parameter(
        "seed", .int, default: .int(0), range: 0...1e9, doc: "The first split; 0 hashes the names as they are."),
      Parameter("salts", .int, default: .int(5), range: 1...100, doc: "Splits."),
      Parameter(
        "level", .value(.union([.number, .share])), default: .share(0.9), doc: "What share intervals are made to hold."),
    ])

  let columns = [
    "config", "model", "accuracy", "accuracy_sd", "code_accuracy", "median_error", "rank_correlation", "coverage",
    "at_cap", "direction", "always_longer", "tested",
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let source = call.optional("from")?.text
    guard source != nil || call.input.type != .nil else {
      throw Problem(
        "K020", seen: "`train length` was given nothing to learn from", expected: "from=run:ID, or a table in the pipe",
        suggestion: "history | where rows > 0", labels: [.init(call.span)])
    }
    let options = try options(call)
    let responses =
      try source.map { try LengthTrainingRows.read(from: $0, call, workbench) } ?? LengthTrainingRows.read(call)
    let data = try call.placing(at: source == nil ? nil : "from") { try LengthTrainingSet(responses) }
    let encoder =
      try call.name("features") == "hash" ? nil : try call.placing(at: "features") { try workbench.encoders.current() }
    let features = try call.placing {
      try LengthFeatures.rows(prompts: data.prompts, promptTokens: data.promptTokens, encoder: encoder) { done in
        workbench.progress.update(ProgressState(label: "embed", done: done, total: data.samples.count, note: ""))
      }
    }
    let study = try call.placing {
      try LengthStudy(
        data, features, text: encoder == nil ? .hash : .minilm, encoder: encoder?.name, options: options,
        sha256: { FileDigest.sha256($0) }, check: { try workbench.cancellation.check() },
        progress: { done in
          workbench.progress.update(
            ProgressState(label: "train", done: done, total: options.salts, note: "split \(done + 1)"))
        })
    }
    let id = try call.placing {
      try workbench.store().keep(study.predictor, source: source ?? "a table")
    }
    if data.leftOut > 0 {
      context.print("note: \(data.leftOut) requests are left out: a configuration has no row or no token of theirs")
    }
    for line in Self.verdicts(study) { context.print(line) }
    context.print("kept as length predictor \(id): predict length \"...\" model=\(id)")
    return study.rows.map(record)
  }

  private func options(_ call: Call) throws -> LengthStudy.Options {
    func share(_ name: String) throws -> Double {
      if case .share(let share)? = call.optional(name) { return share }
      return try call.float(name)
    }
    var options = LengthStudy.Options()
    (options.salts, options.seed) = (try call.int("salts"), try call.int("seed"))
    options.hasBins = try call.bool("bins")
    let (test, level) = (try share("test"), try share("level"))
    let tenths = (test * 10).rounded()
    guard (1...5).contains(tenths), abs(test * 10 - tenths) < 1e-9 else {
      throw Problem(
        "K023", seen: "test=\(test)", expected: "0.1, 0.2, 0.3, 0.4 or 0.5", labels: [.init(call.span(of: "test"))])
    }
    guard level >= 0.5, level <= 0.99 else {
      throw Problem(
        "K023", seen: "level=\(level)", expected: "a share from 0.5 to 0.99", labels: [.init(call.span(of: "level"))])
    }
    (options.testTenths, options.level) = (Int(tenths), level)
    return options
  }

  private func record(_ row: LengthStudy.Row) -> Record {
    func share(_ number: Double?) -> Value { number.map { .share($0) } ?? .nil }
    return Record([
      ("config", .string(row.configuration)), ("model", .string(row.model.rawValue)),
      ("accuracy", .float(row.score.accuracy)), ("accuracy_sd", .float(row.score.deviation)),
      ("code_accuracy", .float(row.score.codeAccuracy)), ("median_error", .float(row.score.medianError)),
      ("rank_correlation", row.score.rankCorrelation.map { .float($0) } ?? .nil),
      ("coverage", share(row.score.coverage)), ("at_cap", .share(row.atCap)),
      ("direction", share(row.score.directionRight)),
      ("always_longer", row.score.directionRight == nil ? .nil : share(row.alwaysLonger)),
      ("tested", .float(row.score.tested)),
    ])
  }

  /// One sentence a configuration: whether the trained model beats what needs no training.
  static func verdicts(_ study: LengthStudy) -> [String] {
    study.predictor.entries.map { entry in
      let own = study.rows.filter { $0.configuration == entry.configuration }
      func short(_ number: Double) -> String { PlotNumber.fixed(number, decimals: 1) }
      let plain = own.filter { [.constant, .mean, .promptLength].contains($0.model) }
      let beaten = plain.filter { $0.score.accuracy < entry.score.accuracy }
      let list = plain.map { "\($0.model.rawValue) \(short($0.score.accuracy))" }.joined(separator: ", ")
      let verdict =
        beaten.count == plain.count
        ? "beats all \(plain.count)"
        : beaten.isEmpty
          ? "beats none of them" : "beats \(beaten.map(\.model.rawValue).joined(separator: " and ")) only"
      let cap =
        own.first.map { $0.atCap > 0.2 ? "; \(short($0.atCap * 100)) % of the answers are at the limit" : "" } ?? ""
      return
        "\(entry.configuration): accuracy \(short(entry.score.accuracy)) % beside \(list): \(verdict)\(cap)"
    }
  }
}
