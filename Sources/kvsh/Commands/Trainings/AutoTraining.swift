import Lang
import Runtime

/// `run longbench | train auto`: a rule for `compress auto` out of finished rows, and what it would have gained on them.
struct AutoTraining: Training {
  let entry = NameEntry(
    "auto", summary: "which configurations keep the scores of each task type, for `compress auto`",
    details: """
      Takes rows with scores, of a run or from `load scores`, and asks what choosing a configuration by the type of a \
      request's task gains over the best fixed configuration. Nothing is run: every configuration has answered every \
      request. Requests fall into two halves by the SHA-256 of their names, and what is chosen for one half was learnt from \
      the other.

      goal=bytes takes the smallest cache among the configurations whose mean score over the type is within `tolerance` of \
      the baseline's, and the baseline if there is none. goal=score takes the compressed configuration with the best mean \
      score over the type, the baseline left out. baseline= names another reference than the uncompressed cache, which is \
      then never chosen; `compress auto` has to be given that reference too. Rows of `auto` and of controls are left out. \
      `best fixed` is what the same goal takes without types. Rows are: every configuration, that best \
      fixed one, `auto` by the types of LongBench's tasks, the same by what the classifier of `train task` takes the prompts \
      for, and `oracle`, which knows each request's own outcome: no choice has a higher score with goal=score, none fewer \
      bytes with goal=bytes unless it lets a request lose more than `tolerance`. score_gain and bytes_gain are against the \
      best fixed choice, with intervals of 95 % over requests.

      The rule that is kept is learnt from all rows. lengths=predicted makes `compress auto` ask `train length` for each \
      request; typical takes the type's mean length, as the figures here do.
      """,
    parameters: [
      Parameter(
        "goal", .choice(ChoiceRule.Goal.allCases.map(\.rawValue)), default: .string(ChoiceRule.Goal.bytes.rawValue),
        doc: "What is chosen for."),
      Parameter(
        "tolerance", .value(.union([.number, .share])), default: .share(0.02),
        doc: "The loss of mean score that is put up with."),
      Parameter(
        "lengths", .choice(["predicted", "typical"]), default: .string("predicted"),
        doc: "Where `compress auto` takes the length of a response from."),
      Parameter(
        "baseline", .string, default: .string(Compressor.none.label),
        doc: "What losses are counted against, and what is taken where nothing else keeps the scores."),
      Parameter("seed", .int, default: .int(0), range: 0...1e9, doc: "Other halves; 0 hashes the names as they are."),
    ], accepts: [.table])

  let columns = [
    "choice", "config", "n", "score", "score_gain", "score_low", "score_high", "bytes", "bytes_gain", "bytes_low",
    "bytes_high", "chosen",
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let goal = ChoiceRule.Goal(rawValue: try call.name("goal")) ?? .bytes
    let tolerance: Double =
      if case .share(let share)? = call.optional("tolerance") { share } else { try call.float("tolerance") }
    guard tolerance >= 0, tolerance < 1 else {
      throw Problem(
        "K023", seen: "tolerance=\(tolerance)", expected: "a share of at least 0 and less than 1",
        labels: [.init(call.span(of: "tolerance"))])
    }
    let read = try ChoiceRows(call, workbench)
    let seed = try call.int("seed")
    let predictsLengths = try call.name("lengths") == "predicted"
    let study = try call.placingAtInput {
      try ChoiceStudy(
        read.samples, configurations: read.configurations, goal: goal, tolerance: tolerance,
        predictsLengths: predictsLengths, seed: seed, sha256: { FileDigest.sha256($0) })
    }
    let id = try call.placing { try workbench.store().keep(study.rule, source: "a table") }
    for note in read.notes { context.print("note: \(note)") }
    for line in Self.verdicts(study) { context.print(line) }
    let baseline = study.rule.baseline
    context.print(
      "kept as rule \(id): compress auto among=[...] rule=\(id)"
        + (baseline == Compressor.none.label ? "" : ", with \(baseline) among them"))
    return study.arms.map { row($0, study) }
  }

  private func row(_ arm: ChoiceStudy.Arm, _ study: ChoiceStudy) -> Record {
    func number(_ value: Double?) -> Value { value.map { .float($0) } ?? .nil }
    // Rows out of a file may say more bytes than a whole number holds.
    func whole(_ value: Double?) -> Value {
      guard let value else { return .nil }
      return Int(exactly: value.rounded()).map { .int($0) } ?? .float(value)
    }
    let (score, bytes) = (arm.scoreGain?.difference, arm.bytesGain?.difference)
    return Record([
      ("choice", .string(arm.kind.rawValue)),
      ("config", arm.kind == .fixed ? .string(study.configurations[arm.chosen[0]]) : .nil),
      ("n", .int(arm.chosen.count)), ("score", .float(arm.score)), ("score_gain", number(score?.value)),
      ("score_low", number(score?.low)), ("score_high", number(score?.high)),
      ("bytes", whole(arm.bytes)), ("bytes_gain", number(bytes?.value)),
      ("bytes_low", number(bytes?.low)), ("bytes_high", number(bytes?.high)),
      ("chosen", .string(Self.counts(arm.chosen, study.configurations))),
    ])
  }

  private static func counts(_ chosen: [Int], _ configurations: [String]) -> String {
    configurations.indices.map { place in (configurations[place], chosen.count { $0 == place }) }
      .filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  /// Whether each way to choose beats the best fixed configuration, good or bad.
  static func verdicts(_ study: ChoiceStudy) -> [String] {
    study.arms.filter { $0.kind == .auto || $0.kind == .predicted }.flatMap { arm -> [String] in
      let gains = [
        ("a higher score", "a lower score", "score", arm.scoreGain),
        ("more bytes", "fewer bytes", "bytes", arm.bytesGain),
      ]
      return gains.compactMap { more, less, name, gain -> String? in
        guard let gain, let low = gain.difference.low, let high = gain.difference.high else { return nil }
        func short(_ number: Double) -> String { PlotNumber.short(number) }
        let verdict =
          gain.isDecided
          ? "\(gain.difference.value > 0 ? more : less) than the best fixed choice"
          : "cannot be told from the best fixed choice in \(name)"
        return
          "\(arm.kind.rawValue): \(verdict), \(short(gain.difference.value)) (\(short(low)) to \(short(high))) over "
          + "\(gain.count) requests"
      }
    }
  }
}
