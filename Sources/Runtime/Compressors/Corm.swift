extension MethodCard {
  /// CORM (sheet corm): tokens that no recent query cared for leave.
  static let corm = MethodCard(
    name: "corm",
    title: "CORM: Cache Optimization with Recent Message",
    family: .eviction,
    paper: "arXiv 2404.15949",
    summary: "Keeps a token while one of the recent queries weighs it above an even share; no budget, heads differ.",
    parameters: [
      ParameterCard("window", .int(1...4096), default: .int(256), "recent queries that are asked"),
      ParameterCard("recent", .int(0...65536), default: .int(256), "newest tokens always kept"),
      ParameterCard(
        "base", .word(["position", "cache"]), default: .word("position"),
        "an even share of the tokens seen, or of those held"),
      ParameterCard(
        "gqa", .word(["mean", "any"]), default: .word("mean"),
        "whether the mean of a group's heads marks, or any of them"),
      ParameterCard(
        "budget", .budget(atLeast: 1), default: nil, note: "none", "most tokens per head; the least marked leave first"),
    ],
    storage: .evicted,
    deviations: [
      "After a prompt of the full length tokens leave once, by its last queries; the paper's pseudo-code is per token.",
      "No code of the authors is public: windows of 256 are from secondary sources.",
    ]
  ) { settings in
    Slots(
      keep: RecentMarks(
        window: settings.int("window") ?? 256, recent: settings.int("recent") ?? 256,
        base: settings.word("base").flatMap(RecentMarks.Base.init) ?? .position,
        gqa: settings.word("gqa") == "any" ? .max : .mean, cap: settings.budget("budget")))
  }
}
