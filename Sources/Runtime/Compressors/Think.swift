extension MethodCard {
  /// ThinK (sheet think): the channels of the prompt's keys that its last queries care least for are dropped.
  static let think = MethodCard(
    name: "think",
    title: "ThinK: Thinner Key Cache by Query-Driven Pruning",
    family: .eviction,
    paper: "arXiv 2407.21018, ICLR 2025",
    summary: "Drops the key channels that matter least to the last queries of the prompt; values stay as they are.",
    parameters: [
      ParameterCard("ratio", .float(0...0.95), default: .float(0.4), "share of the key channels removed"),
      ParameterCard("window", .int(1...1024), default: .int(32), "queries of the prompt's end that weigh channels"),
      ParameterCard("recent", .int(0...65536), default: .int(32), "newest tokens of the prompt left at full width"),
    ],
    presets: [
      Preset(
        "paper", ["ratio": .float(0.4), "window": .int(32), "recent": .int(32)],
        source: "its repository's scripts: 40 % of the channels, 32 queries, 32 recent tokens")
    ],
    storage: .evicted,
    deviations: [
      "One set of channels per KV head, by the mean over its query heads (as kvpress); the authors' code repeats keys for "
        + "every query head first.",
      "What is evicted first is a stage of its own: compress snapkv budget=512 | compress think.",
      "The variant over KIVI's groups is left out: a cache has one codec.",
    ]
  ) { settings in
    Slots(
      codec: ThinKeyCodec(
        settings: ThinKeySettings(
          ratio: settings.float("ratio") ?? 0.4, window: settings.int("window") ?? 32,
          recent: settings.int("recent") ?? 32)))
  }
}
