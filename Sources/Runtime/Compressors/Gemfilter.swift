extension MethodCard {
  /// GemFilter (sheet gemfilter): an early layer of the model filters the prompt, which is then read anew.
  static let gemfilter = MethodCard(
    name: "gemfilter",
    title: "Discovering the Gems in Early Layers: Accelerating Long-Context LLMs with 1000x Input Token Reduction",
    family: .prompt,
    paper: "arXiv 2409.17422",
    summary: "Runs the first layers, keeps the prompt tokens that the last one's query scores highest, starts anew.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 1), default: .budget(.tokens(1024)), "prompt tokens kept"),
      ParameterCard(
        "layer", .int(0...1023), default: nil, note: "round(0.41 * layers)",
        "layer whose queries and keys score, from 0"
      ),
      ParameterCard("kernel", .int(1...255), default: .int(5), "tokens that a score is averaged over, odd"),
      ParameterCard("pin_bos", .bool, default: .bool(false), "keeps the first token whatever its score"),
      ParameterCard("recent", .int(0...65536), default: .int(0), "last tokens kept whatever their scores"),
    ],
    presets: [
      Preset("paper", ["budget": .budget(.tokens(1024))], source: "its tables: 1024 tokens; 2048 and 4096 beside it"),
      Preset("2048", ["budget": .budget(.tokens(2048))], source: "its tables"),
      Preset("4096", ["budget": .budget(.tokens(4096))], source: "its tables"),
    ],
    storage: .evicted,
    deviations: [
      "The filter layer follows the paper's share of the depth (13 of 32), not a table of models.",
      "Ties keep the earlier token; torch.topk leaves them open.",
      "The filtering pass leaves out attention and feed-forward of its last layer, which no score looks at.",
      "pin_bos and recent are kvsh's: the paper keeps no token by rule, so a chat template may lose its marks.",
    ]
  ) { settings in
    let kernel = settings.int("kernel") ?? 5
    guard kernel % 2 == 1 else { throw settings.problem("kernel=\(kernel)", expected: "an odd kernel") }
    let budget = settings.budget("budget") ?? .tokens(1024)
    let recent = settings.int("recent") ?? 0
    if case .tokens(let count) = budget, recent > count {
      throw settings.problem("recent=\(recent) with budget=\(count)", expected: "recent within the budget")
    }
    return Slots(
      prompt: EarlyLayerFilter(
        budget: budget, layer: settings.int("layer"), kernel: kernel, pinsFirst: settings.bool("pin_bos") ?? false,
        recent: recent))
  }
}
