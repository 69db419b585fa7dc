extension MethodCard {
  /// Quest (sheet quest): each decode query reads the pages of keys that may score highest.
  static let quest = MethodCard(
    name: "quest",
    title: "Quest: Query-Aware Sparsity for Efficient Long-Context LLM Inference",
    family: .selection,
    paper: "arXiv 2406.10774, ICML 2024",
    summary: "Holds everything and reads, per step and head, the pages whose keys may score highest for the query.",
    parameters: [
      ParameterCard(
        "budget", .budget(atLeast: 3), default: .budget(.tokens(2048)),
        "tokens read per step and head, at least three pages; a share is of the tokens held, bytes are of exact ones"),
      ParameterCard("page", .int(8...64), default: .int(16), "tokens of a page"),
      ParameterCard("skip", .int(0...1024), default: .int(2), "first layers that read everything"),
      ParameterCard("pin_last", .bool, default: .bool(false), "always read the newest page"),
      ParameterCard(
        "gqa", .word(["query", "max"]), default: .word("query"),
        "one list of pages per query head, or one per KV head from the largest bound of its query heads"),
    ],
    presets: [
      Preset(
        "accuracy", ["budget": .budget(.tokens(4096)), "pin_last": .bool(false)],
        source: "its repository's PG-19 perplexity: pages of 16, a budget of 4,096, the newest page not forced in"),
      Preset(
        "kernels", ["budget": .budget(.tokens(2048)), "pin_last": .bool(true)],
        source: "its repository's CUDA path, which speed figures come from: the newest page is always read"),
    ],
    storage: .full,
    deviations: [
      "A budget that covers all tokens reads all of them; the authors' code drops a page there if the last one is not full.",
      "The first layers are counted from 0 in any model; the authors' code counts down from 32.",
      "A page that one query head of a group reads is scored for all of them, so a group's pages are read once; each "
        + "query head's softmax is over its own pages.",
      "Over packed stores what is read is widened to blocks of 32 tokens; the softmax is still over the pages alone.",
      "Layers with a sliding window read as without the method.",
      "gqa=max is kvsh's own.",
    ]
  ) { settings in
    let page = settings.int("page") ?? 16
    let budget = settings.budget("budget") ?? .tokens(2048)
    let least = PageSelection.fewestPages * page
    if case .tokens(let tokens) = budget, tokens < least {
      throw settings.problem(
        "budget=\(tokens) with page=\(page)", expected: "a budget of three pages, \(least), or more")
    }
    return Slots(
      select: PageSelection(
        budget: budget, page: page, skip: settings.int("skip") ?? 2, pinsLast: settings.bool("pin_last") ?? false,
        isPerQueryHead: settings.word("gqa") != "max"))
  }
}
