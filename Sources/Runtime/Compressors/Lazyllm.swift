extension MethodCard {
  /// LazyLLM (sheet lazyllm): tokens that matter little leave between layers and may come back at a later step.
  static let lazyllm = MethodCard(
    name: "lazyllm",
    title: "LazyLLM: Dynamic Token Pruning for Efficient Long Context LLM Inference",
    family: .eviction,
    paper: "arXiv 2407.14057",
    summary: "Computes fewer tokens the deeper the layer; those left out wait, and come back when they are looked at.",
    parameters: [
      ParameterCard(
        "layers", .shares, default: .shares([0.3, 0.6, 0.9]), "shares of the depth behind which tokens leave, ascending"
      ),
      ParameterCard(
        "keep", .shares, default: .shares([0.7, 0.5, 0.3]),
        "share of the tokens that goes on, for each place or for all"),
      ParameterCard("pin", .int(1...65536), default: .int(1), "newest tokens that never leave"),
      ParameterCard("sink", .int(0...65536), default: .int(0), "first tokens that never leave"),
    ],
    storage: .evicted,
    deviations: [
      "Places and shares are kvsh's: the paper tunes them for each task and prints no default.",
      "A count is rounded: floor((1 - keep) * tokens) leave, of equal weights the earlier ones; the paper has a percentile.",
      "Waiting hidden states are held in the cache's precision, half unless the model runs in single.",
      "A decode step scores all keys a layer holds and hides those outside the layer's set; read_bytes counts all of them.",
      "The prompt goes through in one pass, since its last token decides what leaves.",
    ]
  ) { settings in
    let places = settings.shares("layers") ?? []
    var kept = settings.shares("keep") ?? []
    if kept.count == 1 { kept = Array(repeating: kept[0], count: places.count) }
    guard kept.count == places.count else {
      throw settings.problem(
        "keep=\(ParameterValue.shares(kept)) with layers=\(ParameterValue.shares(places))",
        expected: "one share for each of layers, or one for all")
    }
    guard zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw settings.problem("layers=\(ParameterValue.shares(places))", expected: "shares that ascend")
    }
    return Slots(
      flow: ProgressivePruning(
        places: places, kept: kept, pin: settings.int("pin") ?? 1, sink: settings.int("sink") ?? 0))
  }
}
