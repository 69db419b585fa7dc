extension MethodCard {
  /// Ada-KV (sheet adakv): a layer's budget goes to the heads whose tokens score best.
  static let adakv = MethodCard(
    name: "adakv",
    title: "Ada-KV: Optimizing KV Cache Eviction by Adaptive Budget Allocation for Efficient LLM Inference",
    family: .eviction,
    paper: "arXiv 2407.11550, NeurIPS 2025",
    summary:
      "Shares a layer's budget among its heads by their best scores, so that heads keep different numbers of tokens.",
    parameters: [
      ParameterCard(
        "budget", .budget(atLeast: 2), default: .budget(.tokens(1024)), "tokens kept, window included, mean over heads"),
      .tokenScore, .window(32), .kernel(7), .pool(.max), .gqaRule,
      ParameterCard("alpha", .float(0...1), default: .float(0.2), "share of the budget that is spread evenly"),
      ParameterCard("skip", .int(0...1024), default: .int(0), "first layers whose heads all keep the same number"),
      ParameterCard("pyramid", .bool, default: .bool(false), "budgets over layers as in PyramidKV"),
      ParameterCard("beta", .int(1...1000), default: .int(20), "steepness of the pyramid"),
      ParameterCard(
        "safeguard", .word(["mixed", "guaranteed"]), default: .word("mixed"),
        "alpha mixed into every head's share (the authors' code), or each head sure of its best alpha (kvpress)"),
    ],
    presets: [
      Preset(
        "kvpress",
        ["window": .int(64), "kernel": .int(5), "pool": .word("avg"), "safeguard": .word("guaranteed")],
        source: "NVIDIA's kvpress over SnapKV, alpha 0.2")
    ],
    storage: .evicted,
    deviations: [
      "Heads are KV heads; their query heads' scores become one by `gqa` before the pooling.",
      "The pyramid is laid out for each prompt; the authors' code reuses the first prompt's.",
      "safeguard=mixed may miss the budget by the rounding of each head's share, as in the authors' code.",
    ]
  ) { settings in
    let options = try settings.scorerOptions()
    let alpha = settings.float("alpha") ?? 0.2
    return Slots(
      keep: ScoredTokens(
        method: "adakv", scorer: try settings.scorer(options),
        budget: try settings.budget(over: options.window, default: 1024),
        protection: Protection(recent: options.window),
        overLayers: settings.bool("pyramid") == true ? .pyramid(beta: settings.int("beta") ?? 20) : .uniform,
        overHeads: settings.word("safeguard") == "guaranteed" ? .guaranteed(alpha: alpha) : .mixed(alpha: alpha),
        uniformLayers: settings.int("skip") ?? 0))
  }
}
