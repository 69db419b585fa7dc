extension MethodCard {
  /// H2O (sheet h2o): heavy hitters by accumulated attention, and a window of the newest tokens.
  static let h2o = MethodCard(
    name: "h2o",
    title: "H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large Language Models",
    family: .eviction,
    paper: "arXiv 2306.14048, NeurIPS 2023",
    summary: "Keeps, per head, the tokens that attention has weighed most and the newest ones.",
    parameters: [
      ParameterCard(
        "heavy", .budget(atLeast: 0), default: .budget(.tokens(64)), "heavy hitters kept, tokens or a share"),
      ParameterCard("recent", .budget(atLeast: 1), default: .budget(.tokens(448)), "newest tokens kept"),
      ParameterCard(
        "budget", .budget(atLeast: 2), default: nil, note: "heavy + recent", "all tokens kept, one eighth of them heavy"
      ),
      ParameterCard(
        "variant", .word(["decode", "prefill", "blocks"]), default: .word("decode"),
        "decode drops a token a step; prefill and blocks drop once, at the end of the prompt"),
      ParameterCard(
        "pos", .word(["keep", "renumber"]), default: .word("keep"), "positions by place in the text or in the cache"),
      ParameterCard(
        "causal", .bool, default: .bool(true),
        "variant=prefill: false lets early queries score later keys, as the artifact's public code does"),
    ],
    presets: [
      Preset(
        "rethinking", ["heavy": .budget(.tokens(64)), "recent": .budget(.tokens(448))],
        source: "Rethinking KV Cache Compression, B.3: 64 heavy hitters and 448 recent tokens"),
      Preset(
        "artifact", ["variant": .word("prefill"), "heavy": .budget(.tokens(504)), "recent": .budget(.tokens(8))],
        source: "its artifact's LongBench and length runs: W overwritten by 8, dropped once after the prompt"),
      Preset(
        "blocks", ["variant": .word("blocks"), "heavy": .budget(.tokens(64)), "recent": .budget(.tokens(448))],
        source: "its artifact's throughput runs on LMDeploy: 64 + (prompt mod 448) tokens, for timing only"),
    ],
    storage: .evicted,
    deviations: [
      "One set of tokens per KV head: weights of a group's query heads are averaged (the authors' code has no GQA).",
      "variant=blocks keeps the first and the last tokens, as many as the artifact keeps; it ranks nothing there either.",
    ]
  ) { settings in
    let variant = settings.word("variant") ?? "decode"
    var heavy = settings.budget("heavy") ?? .tokens(64)
    var recent = settings.budget("recent") ?? .tokens(448)
    if let budget = settings.budget("budget") {
      switch (settings.given.contains("heavy"), settings.given.contains("recent")) {
      case (true, true):
        throw settings.problem("budget, heavy and recent are all given", expected: "two of the three at most")
      case (true, false): recent = try settings.difference(budget, heavy, "heavy")
      case (false, true): heavy = try settings.difference(budget, recent, "recent")
      case (false, false): (heavy, recent) = budget.eighth
      }
    }
    let causal = settings.bool("causal") ?? true
    if !causal, variant != "prefill" {
      throw settings.problem("causal=false with variant=\(variant)", expected: "causal=false with variant=prefill")
    }
    let position = settings.word("pos").flatMap(PositionRule.init) ?? .keep
    if variant == "blocks" {
      guard case .tokens(let sink) = heavy else {
        throw settings.problem("heavy=\(heavy) with variant=blocks", expected: "a number of tokens")
      }
      return Slots(
        keep: SinksAndRecent(
          sink: sink, recent: recent, budget: nil, removesWhileDecoding: false, recentIsRemainder: true),
        positions: position)
    }
    var sums = AttentionNeeds.ColumnSums.causal
    if !causal {
      guard case .tokens(let window) = recent else {
        throw settings.problem("recent=\(recent) with causal=false", expected: "a number of tokens")
      }
      sums = .cornerMasked(window: window)
    }
    return Slots(
      keep: HeavyHitters(
        budget: .fixed(heavy: heavy, recent: recent), removesWhileDecoding: variant == "decode", columnSums: sums),
      positions: position)
  }
}

extension Settings {
  /// What a budget leaves beside one of its parts; both in the same unit.
  fileprivate func difference(_ budget: Budget, _ part: Budget, _ name: String) throws -> Budget {
    switch (budget, part) {
    case (.tokens(let all), .tokens(let taken)) where all > taken: return .tokens(all - taken)
    case (.share(let all), .share(let taken)) where all > taken: return .share(all - taken)
    case (.bytes(let all), .bytes(let taken)) where all > taken: return .bytes(all - taken)
    default:
      throw problem("budget=\(budget) with \(name)=\(part)", expected: "a budget over \(name), in the same unit")
    }
  }
}

extension Budget {
  /// One eighth for heavy hitters and the rest for the window: 64 + 448 of 512.
  fileprivate var eighth: (heavy: Budget, recent: Budget) {
    switch self {
    case .tokens(let count): (.tokens(count / 8), .tokens(count - count / 8))
    case .share(let share): (.share(share / 8), .share(share * 7 / 8))
    case .bytes(let bytes): (.bytes(bytes / 8), .bytes(bytes - bytes / 8))
    }
  }
}
