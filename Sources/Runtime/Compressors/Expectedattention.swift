extension MethodCard {
  /// ExpectedAttention (sheet expectedattention): attention that future queries would pay.
  static let expectedattention = MethodCard(
    name: "expectedattention",
    title: "Expected Attention: KV Cache Compression by Estimating Attention from Future Queries Distribution",
    family: .eviction,
    paper: "arXiv 2510.00636",
    summary:
      "Keeps the tokens that a Gaussian model of future queries would attend to most, by the length of their values.",
    parameters: [
      ParameterCard(
        "budget", .budget(atLeast: 1), default: .budget(.share(0.5)), "tokens kept, in the mean over heads"),
      ParameterCard("future", .int(1...65536), default: .int(512), "future positions that are averaged over"),
      ParameterCard("sink", .int(0...4096), default: .int(4), "first tokens kept, and left out of the statistics"),
      ParameterCard("cov", .bool, default: .bool(true), "use the covariance of the queries, not only their mean"),
      ParameterCard("vnorm", .bool, default: .bool(true), "multiply by the length of the token's value"),
      ParameterCard("eps", .float(0...1), default: .float(0), "added before that; 0.01 in the published setting"),
      ParameterCard("adaptive", .bool, default: .bool(true), "heads share the layer's budget as in Ada-KV, alpha 0.2"),
    ],
    presets: [
      Preset(
        "kvpress", ["adaptive": .bool(false)], source: "NVIDIA's plain press: every head the same number of tokens"),
      Preset("published", ["eps": .float(0.01)], source: "kvpress's registry: eps 0.01 with head-adaptive selection"),
    ],
    storage: .evicted,
    deviations: [
      "Acts at the end of the prompt; kvpress's driver that cuts again while decoding is not offered.",
      "Statistics come from the prompt; stored ones are not read.",
    ]
  ) { settings in
    let sink = settings.int("sink") ?? 4
    let budget = settings.budget("budget") ?? .share(0.5)
    if case .tokens(let count) = budget, count <= sink {
      throw settings.problem("budget=\(count) leaves nothing beside sink=\(sink)", expected: "budget over \(sink)")
    }
    return Slots(
      keep: ScoredTokens(
        method: "expectedattention",
        scorer: ExpectedAttentionScore(
          future: settings.int("future") ?? 512, sink: sink, covariance: settings.bool("cov") ?? true,
          valueNorm: settings.bool("vnorm") ?? true, epsilon: Float(settings.float("eps") ?? 0)),
        budget: budget, overHeads: settings.bool("adaptive") == false ? .uniform : .guaranteed(alpha: 0.2)))
  }
}
