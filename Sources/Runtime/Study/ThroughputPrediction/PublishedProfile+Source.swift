extension PublishedProfile: ThroughputSource {
  public var origin: String { "LLaMA-2-7B on one A6000, published with the second paper" }

  public func name(of configuration: Compressor) throws -> String { try Self.configuration(of: configuration).name }

  /// The published configuration that a compressor is: the method alone, or with the setting that was measured.
  ///
  /// - Throws: K633 for another method, another setting, or several methods together.
  public static func configuration(of compressor: Compressor) throws -> Configuration {
    guard let stage = compressor.stages.first else { return configurations[0] }
    guard compressor.stages.count == 1 else {
      throw RuntimeProblem(
        "K633", seen: "there is no published throughput of \(compressor.label)", expected: "one method alone")
    }
    let found = try configuration(stage.card.name)
    // The paper's own preset spells out what was measured.
    let preset = stage.card.presets.first { $0.name == "rethinking" }
    let measured = Set(found.measured + (preset?.values ?? [:]).map { "\($0.key)=\($0.value)" })
    for name in stage.settings.given.sorted() {
      guard let value = stage.settings.values[name], !measured.contains("\(name)=\(value)") else { continue }
      throw RuntimeProblem(
        "K633", seen: "there is no published throughput of \(compressor.label)",
        expected: "\(stage.card.name) \(found.measured.joined(separator: " ")), which was measured")
    }
    return found
  }

  public func predictor(of configuration: Compressor, regression: TimeRegression) throws -> ThroughputPredictor {
    try predictor(Self.configuration(of: configuration), regression)
  }

  /// A predictor tested on the measured throughput of the same model.
  func predictor(_ configuration: Configuration, _ regression: TimeRegression) throws -> ThroughputPredictor {
    let profile = try layerProfile(configuration)
    let forward = ForwardPredictor(
      profile, regression: regression, cacheLimitTokens: configuration.cacheLimitTokens)
    guard let range = ProfiledRange(profile) else {
      throw RouteProblems.damaged(
        "attention-\(configuration.name).csv lacks rows of a stage", "decode and prefill rows")
    }
    let measured = try throughput(configuration).of(model: Self.model).rows.map { row in
      PredictionAccuracy.Point(
        stage: row.stage, batch: row.batch, tokens: row.tokens,
        predictedSeconds: ThroughputPredictor.seconds(forward, row.stage, batch: row.batch, tokens: row.tokens),
        measuredSeconds: Double(row.batch) * (row.stage == .prefill ? Double(row.tokens) : 1) / row.tokensPerSecond)
    }
    return ThroughputPredictor(forward: forward, range: range, heldOut: measured)
  }

  public func serviceTimes(of configuration: Compressor) throws -> any ServiceTimes {
    try serviceTimes(Self.configuration(of: configuration))
  }

  public func predictedTimes(of configuration: Compressor, regression: TimeRegression) throws -> any ServiceTimes {
    let known = try Self.configuration(of: configuration)
    return PredictedServiceTimes(
      try predictor(known, regression).forward, bytesPerToken: Self.bytesPerToken * known.byteShare)
  }
}
