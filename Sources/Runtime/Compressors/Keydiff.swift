extension MethodCard {
  /// KeyDiff (sheet keydiff): keys most like the mean direction leave.
  static let keydiff = MethodCard(
    name: "keydiff",
    title: "KeyDiff: Key Similarity-Based KV Cache Eviction for Long-Context LLM Inference",
    family: .eviction,
    paper: "arXiv 2504.15364",
    summary:
      "Keeps, per head, the tokens whose keys differ most from the mean direction; reads the prompt block by block.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 1), default: .budget(.tokens(2048)), "tokens kept per head"),
      ParameterCard(
        "mode", .word(["block", "once"]), default: .word("block"),
        "block cuts after every block of the prompt, so that later blocks see what is left; once cuts at its end"),
      ParameterCard("block", .int(1...65536), default: .int(128), "prompt tokens of a block"),
      ParameterCard("recent", .int(0...65536), default: .int(0), "newest tokens protected"),
      ParameterCard(
        "interval", .int(0...65536), default: .int(1),
        "decode steps after which the cache is cut again; 0 cuts the prompt only"),
    ],
    presets: [
      Preset(
        "kvpress", ["mode": .word("once"), "interval": .int(0)], source: "NVIDIA's plain press: once after the prompt")
    ],
    storage: .evicted,
    deviations: [
      "The mean direction is computed anew from the keys that are held, not from a running sum.",
      "kvpress's replay of blocks over states of full attention is not offered: mode=block is the paper's own.",
    ]
  ) { settings in
    let isBlocks = settings.word("mode") != "once"
    let budget = settings.budget("budget") ?? .tokens(2048)
    let recent = settings.int("recent") ?? 0
    if case .share = budget, isBlocks {
      throw settings.problem(
        "budget=\(budget) with mode=block", expected: "tokens or bytes: a prompt read in blocks has no length yet",
        suggestion: "use mode=once")
    }
    if case .tokens(let count) = budget, count <= recent {
      throw settings.problem(
        "budget=\(count) leaves nothing beside recent=\(recent)", expected: "budget over \(recent)")
    }
    let interval = settings.int("interval") ?? 1
    return Slots(
      keep: ScoredTokens(
        method: "keydiff", scorer: KeyDistinctness(), budget: budget, protection: Protection(recent: recent),
        schedule: interval == 0 ? .promptEnd : .everySteps(interval)),
      prefill: isBlocks ? .blocks(settings.int("block") ?? 128) : nil)
  }
}
