extension MethodCard {
  /// Knorm (sheet knorm): keys of low norm stay.
  static let knorm = MethodCard(
    name: "knorm",
    title: "A Simple and Effective L2 Norm-Based Strategy for KV Cache Compression",
    family: .eviction,
    paper: "arXiv 2406.11430, EMNLP 2024",
    summary: "Keeps, per head, the tokens whose keys have the smallest norm; looks at nothing else.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 1), default: .budget(.share(0.5)), "tokens kept per head"),
      ParameterCard("least", .int(0...1_048_576), default: .int(2048), "shorter caches are left alone"),
      ParameterCard("skip", .int(0...1024), default: .int(2), "first layers that are never compressed"),
      ParameterCard("recent", .int(0...65536), default: .int(0), "newest tokens protected"),
      ParameterCard(
        "interval", .int(0...65536), default: .int(0),
        "decode steps after which the cache is cut again; 0 cuts the prompt only"),
      ParameterCard(
        "order", .word(KeyNorm.Order.allCases.map(\.rawValue)), default: .word("low"),
        "which norms stay; high and random are the paper's controls"),
    ],
    presets: [
      Preset(
        "kvpress", ["least": .int(0), "skip": .int(0)], source: "NVIDIA's kvpress: every layer, any length, once")
    ],
    storage: .evicted,
    deviations: [
      "A share is rounded down to whole tokens, as kvpress does; the authors' code rounds up.",
      "`skip` counts layers from the first; the authors' code takes any list of layers.",
      "Kept tokens stay in the order of the text; the authors' code orders them by norm.",
    ]
  ) { settings in
    let interval = settings.int("interval") ?? 0
    let recent = settings.int("recent") ?? 0
    if case .tokens(let count)? = settings.budget("budget"), count <= recent {
      throw settings.problem(
        "budget=\(count) leaves nothing beside recent=\(recent)", expected: "budget over \(recent)")
    }
    return Slots(
      keep: ScoredTokens(
        method: "knorm", scorer: KeyNorm(order: settings.word("order").flatMap(KeyNorm.Order.init) ?? .low),
        budget: settings.budget("budget") ?? .share(0.5), protection: Protection(recent: recent),
        schedule: interval == 0 ? .promptEnd : .everySteps(interval),
        skippedLayers: Set(0..<(settings.int("skip") ?? 2)), leastTokens: settings.int("least") ?? 2048))
  }
}
