extension MethodCard {
  /// SnapKV (sheet snapkv): what the end of the prompt attends to, pooled, and that end itself.
  static let snapkv = MethodCard(
    name: "snapkv",
    title: "SnapKV: LLM Knows What You are Looking for Before Generation",
    family: .eviction,
    paper: "arXiv 2404.14469, NeurIPS 2024",
    summary: "Keeps, per head, what the prompt's last queries attend to, pooled along the text, and those last tokens.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 2), default: .budget(.tokens(2048)), "all tokens kept of a prompt"),
      .window(32), .kernel(7), .pool(.max), .gqaRule,
    ],
    presets: [
      Preset(
        "kvpress", ["window": .int(64), "kernel": .int(5), "pool": .word("avg")],
        source: "NVIDIA's kvpress: window 64, mean pooling over 5")
    ],
    storage: .evicted,
    deviations: [
      "One set of tokens per KV head, from the mean over its query heads before the pooling; the authors' code repeats "
        + "keys and values for every query head and keeps a set for each.",
      "Ties, which the pooling makes many of, go to the earlier token; torch leaves them open.",
    ]
  ) { settings in
    let options = try settings.scorerOptions()
    return Slots(
      keep: ScoredTokens(
        method: "snapkv",
        scorer: WindowVotes(
          window: options.window, kernel: options.kernel, pooling: options.pooling, gqa: options.gqa),
        budget: try settings.budget(over: options.window, default: 2048)))
  }
}
