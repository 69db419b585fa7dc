extension MethodCard {
  /// The keep slot filled by hand: any score, any spread of the budget, any schedule.
  static let keep = MethodCard(
    name: "keep",
    title: "The keep slot by hand",
    family: .eviction,
    paper: "none; the parts of the eviction methods, freely put together",
    summary:
      "Keeps the tokens with the highest score, with a budget over layers and heads and a schedule of one's own.",
    parameters: [
      .tokenScore,
      ParameterCard("budget", .budget(atLeast: 1), default: .budget(.share(0.5)), "tokens kept, in the mean"),
      ParameterCard("sink", .int(0...65536), default: .int(0), "first tokens protected"),
      ParameterCard("recent", .int(0...65536), default: .int(0), "newest tokens protected"),
      ParameterCard(
        "layers", .word(["uniform", "pyramid"]), default: .word("uniform"), "how the budget is spread over layers"),
      ParameterCard(
        "heads", .word(["uniform", "adaptive", "same"]), default: .word("uniform"),
        "every head its own set of one size, sizes by score as in Ada-KV, or one set for all heads of a layer"),
      ParameterCard(
        "every", .int(0...65536), default: .int(0),
        "decode steps after which the cache is cut again; 0: the prompt only"),
      .window(32), .kernel(7), .pool(.max), .gqaRule,
      ParameterCard("alpha", .float(0...1), default: .float(0.2), "heads=adaptive: share that is spread evenly"),
      ParameterCard("beta", .int(1...1000), default: .int(20), "layers=pyramid: steepness"),
    ],
    storage: .evicted
  ) { settings in
    let scorer = try settings.scorer(settings.scorerOptions())
    let every = settings.int("every") ?? 0
    if every > 0, scorer.stepNeeds == nil {
      throw settings.problem(
        "score=\(settings.word("score") ?? "snapkv") with every=\(every)",
        expected: "a score that is known while decoding: tova, knorm or keydiff")
    }
    let protection = Protection(sink: settings.int("sink") ?? 0, recent: settings.int("recent") ?? 0)
      .union(scorer.protection)
    let budget = settings.budget("budget") ?? .share(0.5)
    if case .tokens(let count) = budget, count <= protection.sink + protection.recent {
      throw settings.problem(
        "budget=\(count) leaves nothing beside the \(protection.sink + protection.recent) protected tokens",
        expected: "budget over \(protection.sink + protection.recent)")
    }
    return Slots(
      keep: ScoredTokens(
        method: "keep", scorer: scorer, budget: budget, protection: protection,
        overLayers: settings.word("layers") == "pyramid" ? .pyramid(beta: settings.int("beta") ?? 20) : .uniform,
        overHeads: settings.word("heads") == "adaptive" ? .mixed(alpha: settings.float("alpha") ?? 0.2) : .uniform,
        schedule: every == 0 ? .promptEnd : .everySteps(every), sharesSlots: settings.word("heads") == "same"))
  }
}
