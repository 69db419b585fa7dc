import Lang
import Runtime

/// `predict accuracy`: table 6 of the second paper, as its evaluator computes it and put right.
struct AccuracyPrediction: Prediction {
  let entry = NameEntry(
    "accuracy", summary: "how accurate predictions of throughput are: table 6 of the paper",
    details: """
      100 (1 - mean |predicted - measured| / measured) over batches 1, 2 and 4, six lengths and both stages. The artifact's \
      evaluator compares the prefill of as many prompts as fit into 4,096 tokens with the time of the whole batch, and \
      reads lengths of 256 from other models' rows: evaluator=shipped does so too, one_model and same_batch put one of \
      them right, corrected both.
      """,
    parameters: [
      Parameter(
        "evaluator", .choice(["shipped", "one_model", "same_batch", "corrected"]),
        default: .list([.string("shipped"), .string("corrected")]), doc: "What is put right.", sweepable: true)
    ] + ThroughputPrediction.shared)

  let columns = ["config", "regressor", "evaluator", "accuracy", "points"]

  private static let corrections: [String: PredictionAccuracy.Corrections] = [
    "shipped": [], "one_model": .oneModel, "same_batch": .sameBatch, "corrected": .both,
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let profile = try ThroughputSources.published(call)
    return try PublishedProfile.configurations.flatMap { configuration -> [Record] in
      try call.placing(at: "from") {
        let measured = try profile.throughput(configuration)
        let layer = try profile.layerProfile(configuration)
        return try ThroughputPrediction.regressions(call).flatMap { regression -> [Record] in
          let predictor = ForwardPredictor(
            layer, regression: regression, cacheLimitTokens: configuration.cacheLimitTokens)
          return try call.values("evaluator").map { evaluator in
            let accuracy = try PredictionAccuracy(
              predictor, against: measured, corrections: Self.corrections[evaluator.text] ?? [])
            return Record([
              ("config", .string(configuration.name)), ("regressor", .string(regression.name)),
              ("evaluator", .string(evaluator.text)), ("accuracy", accuracy.percent.map { .float($0) } ?? .nil),
              ("points", .int(accuracy.points.count)),
            ])
          }
        }
      }
    }
  }
}
