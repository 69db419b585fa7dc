extension MethodCard {
  /// CaM (sheet cam): values of tokens that leave go on in later ones.
  static let cam = MethodCard(
    name: "cam",
    title: "CaM: Cache Merging for Memory-efficient LLMs Inference",
    family: .merging,
    paper: "ICML 2024, PMLR 235:58840-58850",
    summary: "Drops tokens as StreamingLLM or H2O does, and merges their values into the next ones that stay.",
    parameters: [
      ParameterCard(
        "inner", .word(["streamingllm", "h2o"]), default: .word("streamingllm"),
        "which tokens stay: first and newest, or "
          + "heavy hitters and newest"),
      ParameterCard("sink", .int(0...65536), default: .int(4), "first tokens kept, or heavy hitters with inner=h2o"),
      ParameterCard("recent", .int(1...65536), default: .int(512), "newest tokens kept"),
      ParameterCard("merge", .int(1...4096), default: .int(16), "tokens that receive a value; 32 for generation tasks"),
      ParameterCard(
        "form", .word(ValueMerging.Form.allCases.map(\.rawValue)), default: .word("sum"),
        "attention that decides: summed over all queries, of this step, or summed over the prompt"),
      ParameterCard(
        "draw", .word(ValueMerging.Draw.allCases.map(\.rawValue)), default: .word("bernoulli"),
        "merge by chance, in proportion, or always"),
      ParameterCard("seed", .int(0...1_000_000_000), default: .int(0), "of the chance"),
    ],
    presets: [
      Preset(
        "generation", ["form": .word("step"), "merge": .int(32)],
        source: "the authors' utils_hh: this step's weights over the recent window's mean, 32 receivers"),
      Preset(
        "qa", ["form": .word("prompt"), "merge": .int(512)],
        source: "the authors' utils_lm_eval: the prompt's weights over the largest kept one, the window receives"),
    ],
    storage: .evicted,
    deviations: [
      "Tokens that leave at the end of a prompt are merged as if they had left one by one, by the prompt's summed attention.",
      "Keys stay at their true positions; the authors' streaming code renumbers them by slot.",
      "0 over 0 merges nothing, more than 0 over 0 everything; the authors' guard against infinity has no effect.",
    ]
  ) { settings in
    let sink = settings.int("sink") ?? 4
    let recent = settings.int("recent") ?? 512
    let merge = settings.int("merge") ?? 16
    guard merge <= recent else {
      throw settings.problem("merge=\(merge) with recent=\(recent)", expected: "merge up to recent")
    }
    let keep: any KeepPolicy =
      settings.word("inner") == "h2o"
      ? HeavyHitters(
        budget: .fixed(heavy: .tokens(sink), recent: .tokens(recent)), removesWhileDecoding: true, columnSums: .causal)
      : SinksAndRecent(sink: sink, recent: .tokens(recent), budget: nil, removesWhileDecoding: true)
    return Slots(
      keep: keep,
      dispose: ValueMerging(
        receivers: merge, form: settings.word("form").flatMap(ValueMerging.Form.init) ?? .sum,
        draw: settings.word("draw").flatMap(ValueMerging.Draw.init) ?? .bernoulli, sink: sink, recent: recent,
        seed: settings.int("seed") ?? 0))
  }
}
