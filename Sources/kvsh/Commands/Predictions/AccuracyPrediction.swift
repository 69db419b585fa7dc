import Lang
import Runtime

/// `predict accuracy`: table 6 of the second paper, as its evaluator computes it and put right.
struct AccuracyPrediction: Prediction {
  let entry = NameEntry(
    "accuracy", summary: "how accurate predictions of throughput are, as table 6 of the paper has it",
    details: """
      100 (1 - mean |predicted - measured| / measured). Of the profiles in the store it is told over the forwards that were \
      kept back (heldout) and over those that predictions are made from (profiled).

      With from= it is over batches 1, 2 and 4, six lengths and both stages. The artifact's \
      evaluator compares the prefill of as many prompts as fit into 4,096 tokens with the time of the whole batch, and \
      reads lengths of 256 from other models' rows: evaluator=shipped does so too, one_model and same_batch put one of \
      them right, corrected both.
      """,
    parameters: [
      Parameter(
        "evaluator", .choice(["shipped", "one_model", "same_batch", "corrected"]),
        default: .list([.string("shipped"), .string("corrected")]), doc: "With from=: what is put right.",
        sweepable: true)
    ] + ThroughputPrediction.shared)

  let columns = ["config", "regressor", "evaluator", "accuracy", "points"]

  private static let corrections: [String: PredictionAccuracy.Corrections] = [
    "shipped": [], "one_model": .oneModel, "same_batch": .sameBatch, "corrected": .both,
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    guard let profile = try ThroughputSources.published(call) else {
      guard !call.isGiven("evaluator") else {
        throw Problem(
          "K021", seen: "evaluator= without from=",
          expected: "evaluator= with from=: the store's profiles are judged by forwards of their own",
          suggestion: "leave evaluator= out, or name a folder: from=FOLDER", labels: [.init(call.span(of: "evaluator"))]
        )
      }
      return try own(call, workbench, context)
    }
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

  /// The profiles of the store that may be used, the uncompressed cache's first.
  private func own(_ call: Call, _ workbench: Workbench, _ context: Context) throws -> [Record] {
    let source = try ThroughputSources.own(call, workbench)
    let usable = source.entries.values.filter { $0.differences.isEmpty || source.takesAny }.sorted { $0.id < $1.id }
    guard !usable.isEmpty else {
      // Says which there are, and why they are not used.
      _ = try call.placing { try source.name(of: .none) }
      return []
    }
    for entry in usable where !entry.differences.isEmpty {
      context.print(
        "note: profile \(entry.id) of \(entry.label) was not measured here: "
          + entry.differences.joined(separator: ", "))
    }
    return try usable.flatMap { entry in
      try ThroughputPrediction.regressions(call).flatMap { regression in
        try call.placing { () throws -> [Record] in
          let profile = try entry.content()
          let points = profile.accuracyPoints(try profile.predictor(regression).forward)
          return ["heldout", "profiled"].map { kind in
            let accuracy = PredictionAccuracy(
              points: points.filter { $0.isHeldOut == (kind == "heldout") }.map(\.point))
            return Record([
              ("config", .string(entry.label)), ("regressor", .string(regression.name)),
              ("evaluator", .string(kind)), ("accuracy", accuracy.percent.map { .float($0) } ?? .nil),
              ("points", .int(accuracy.points.count)),
            ])
          }
        }
      }
    }
  }
}
