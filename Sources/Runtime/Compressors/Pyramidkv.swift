extension MethodCard {
  /// PyramidKV (sheet pyramidkv): SnapKV's score, more tokens for shallow layers.
  static let pyramidkv = MethodCard(
    name: "pyramidkv",
    title: "PyramidKV: Dynamic KV Cache Compression based on Pyramidal Information Funneling",
    family: .eviction,
    paper: "arXiv 2406.02069",
    summary: "Keeps what the prompt's last queries attend to, many tokens in shallow layers and few in deep ones.",
    parameters: [
      ParameterCard(
        "budget", .budget(atLeast: 2), default: .budget(.tokens(128)), "tokens kept, window included, mean over layers"),
      .tokenScore, .window(8), .kernel(7), .pool(.max), .gqaRule,
      ParameterCard("beta", .int(1...1000), default: .int(20), "steepness: the last layer keeps near budget / beta"),
      ParameterCard(
        "arithmetic", .word(["paper", "kvpress"]), default: .word("paper"),
        "whose rounding and which fall-back for small budgets"),
    ],
    presets: [
      Preset(
        "kvpress",
        ["window": .int(64), "kernel": .int(5), "pool": .word("avg"), "arithmetic": .word("kvpress")],
        source: "NVIDIA's kvpress: the budget is a share, and a flat one where the deepest layer would lose its window")
    ],
    storage: .evicted,
    deviations: [
      "One set of tokens per KV head (the authors' kv-head mode, which scores about the same as their per-query-head one).",
      "The mean over layers may exceed the budget a little, as in the authors' code: the step between layers is rounded down.",
    ]
  ) { settings in
    let options = try settings.scorerOptions()
    let beta = settings.int("beta") ?? 20
    return Slots(
      keep: ScoredTokens(
        method: "pyramidkv", scorer: try settings.scorer(options),
        budget: try settings.budget(over: options.window, default: 128),
        protection: Protection(recent: options.window),
        overLayers: settings.word("arithmetic") == "kvpress" ? .pressPyramid(beta: beta) : .pyramid(beta: beta)))
  }
}

extension Settings {
  /// The scorer named by `score`.
  ///
  /// - Throws: `RuntimeProblem` K303 if there is none of that name.
  func scorer(_ options: TokenScorers.Options) throws -> any TokenScorer {
    let name = word("score") ?? "snapkv"
    guard let scorer = TokenScorers.make(name, options) else {
      throw RuntimeProblem(
        "K303", seen: "\(method): score=\(name)", expected: "one of " + TokenScorers.names.joined(separator: ", "))
    }
    return scorer
  }
}
