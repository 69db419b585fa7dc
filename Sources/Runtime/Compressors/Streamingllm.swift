extension MethodCard {
  /// StreamingLLM (sheet streamingllm): attention sinks and a sliding window.
  static let streamingllm = MethodCard(
    name: "streamingllm",
    title: "Efficient Streaming Language Models with Attention Sinks",
    family: .eviction,
    paper: "arXiv 2309.17453, ICLR 2024",
    summary: "Keeps the first tokens and the newest ones; the rest are dropped.",
    parameters: [
      ParameterCard("sink", .int(0...65536), default: .int(4), "first tokens kept"),
      ParameterCard("recent", .budget(atLeast: 1), default: .budget(.tokens(508)), "newest tokens kept"),
      ParameterCard("budget", .budget(atLeast: 1), default: nil, note: "sink + recent", "all tokens kept; sets recent"),
      ParameterCard(
        "variant", .word(["paper", "prefill", "blocks"]), default: .word("paper"),
        "paper drops at every step; prefill and blocks once, at the end of the prompt"),
      ParameterCard(
        "prefill", .word(["full", "stream"]), default: .word("full"),
        "whether the prompt attends to all of itself, or token by token under the budget"),
      ParameterCard(
        "pos", .word(["renumber", "keep"]), default: nil, note: "renumber for paper, keep for the others",
        "positions by place in the cache or by place in the text"),
    ],
    presets: [
      Preset(
        "rethinking", ["sink": .int(64), "recent": .budget(.tokens(448))],
        source: "Rethinking KV Cache Compression, B.3: 64 initial and 448 recent tokens"),
      Preset(
        "artifact", ["variant": .word("prefill"), "sink": .int(4), "recent": .budget(.tokens(508))],
        source: "its artifact's LongBench and length runs: W overwritten by C - 4, dropped once after the prompt"),
      Preset(
        "blocks", ["variant": .word("blocks"), "sink": .int(64), "recent": .budget(.tokens(448))],
        source: "its artifact's throughput runs on LMDeploy, pages of 64"),
    ],
    storage: .evicted,
    deviations: [
      "Keys are kept as rotated at their true positions; renumbering turns the query instead (the same dot products), "
        + "so 4 bytes a token and layer are held for positions.",
      "variant=blocks keeps the first sink and the last recent tokens; the artifact's page copies mix them up.",
      "recent is 508 by default, so that budget is 512; the chat demo has 2,000.",
    ]
  ) { settings in
    let sink = settings.int("sink") ?? 4
    let variant = settings.word("variant") ?? "paper"
    let budget = settings.budget("budget")
    if budget != nil, settings.given.contains("recent") {
      throw settings.problem("both budget and recent are given", expected: "budget, or sink and recent")
    }
    if case .tokens(let count)? = budget, count <= sink {
      throw settings.problem(
        "budget=\(count) leaves no recent token beside sink=\(sink)", expected: "budget over \(sink)")
    }
    let prefill = settings.word("prefill") ?? "full"
    if prefill == "stream", variant != "paper" {
      throw settings.problem("prefill=stream with variant=\(variant)", expected: "prefill=stream with variant=paper")
    }
    let recent = settings.budget("recent") ?? .tokens(508)
    if prefill == "stream" {
      if case .share(let share) = budget ?? recent {
        throw settings.problem(
          "\(budget == nil ? "recent" : "budget")=\(Budget.share(share)) with prefill=stream",
          expected: "tokens or bytes: a prompt that streams has no length yet")
      }
    }
    let position = settings.word("pos").flatMap(PositionRule.init) ?? (variant == "paper" ? .renumber : .keep)
    return Slots(
      keep: SinksAndRecent(
        sink: sink, recent: recent, budget: budget,
        removesWhileDecoding: variant == "paper"),
      positions: position, prefill: prefill == "stream" ? .stream : .full)
  }
}
