extension MethodCard {
  /// TOVA (sheet tova): the token that the newest query attends to least leaves.
  static let tova = MethodCard(
    name: "tova",
    title: "Transformers are Multi-State RNNs",
    family: .eviction,
    paper: "arXiv 2401.06104, EMNLP 2024",
    summary:
      "Drops, after every step, the token that the newest query attends to least; one set for all heads of a layer.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 1), default: .budget(.tokens(512)), "tokens kept per layer"),
      ParameterCard("pin_last", .bool, default: .bool(false), "never drop the newest token, as kvpress does"),
      ParameterCard(
        "variant", .word(["decode", "prefill"]), default: .word("decode"),
        "decode drops a token a step; prefill once, at the end of the prompt"),
    ],
    presets: [
      Preset(
        "kvpress", ["pin_last": .bool(true), "variant": .word("prefill")],
        source: "NVIDIA's kvpress: once after the prompt, the last token kept")
    ],
    storage: .evicted,
    deviations: ["Ties go to the earlier token; the authors' code leaves them open."]
  ) { settings in
    Slots(
      keep: ScoredTokens(
        method: "tova", scorer: LastQuery(gqa: .mean), budget: settings.budget("budget") ?? .tokens(512),
        protection: Protection(recent: settings.bool("pin_last") == true ? 1 : 0),
        schedule: settings.word("variant") == "prefill" ? .promptEnd : .everySteps(1), sharesSlots: true))
  }
}
