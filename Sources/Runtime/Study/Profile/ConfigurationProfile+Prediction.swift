extension ConfigurationProfile {
  /// One layer's parts, out of what was not kept back; `operators` has all that is not attention, logits included.
  public var layerProfile: LayerProfile {
    let profiled = points.filter { !$0.isHeldOut }
    let perLayer = 1_000 / Double(layers)
    // Prompts run one behind the other: of several, each took its share.
    func forwards(_ point: Point) -> Double { point.stage == .prefill ? Double(point.batch) : 1 }
    let operators = profiled.map { point in
      LayerProfile.TokenTime(
        tokens: point.stage == .prefill ? point.tokens : point.batch,
        milliseconds: (point.seconds - point.attentionSeconds) / forwards(point) * perLayer)
    }
    func attention(_ stage: MeasuredThroughput.Stage) -> [LayerProfile.Point] {
      profiled.filter { $0.stage == stage }.map { point in
        .init(
          batch: stage == .prefill ? 1 : point.batch, chunk: stage == .prefill ? point.tokens : 0,
          cached: stage == .prefill ? 0 : point.tokens,
          milliseconds: point.attentionSeconds / forwards(point) * perLayer)
      }
    }
    return LayerProfile(
      layers: layers, operators: [operators], decode: attention(.decoding), prefill: attention(.prefill))
  }

  /// A predictor tested on the forwards that were kept back.
  ///
  /// - Throws: K641 if the profile lacks a stage.
  public func predictor(_ regression: TimeRegression) throws -> ThroughputPredictor {
    let profile = layerProfile
    guard let range = ProfiledRange(profile) else { throw RouteProblems.profile("the profile lacks a stage") }
    let forward = ForwardPredictor(
      profile, regression: regression, cacheLimitTokens: isBounded ? range.cached.upperBound : nil, rules: .own)
    return ThroughputPredictor(
      forward: forward, range: range, heldOut: accuracyPoints(forward).filter(\.isHeldOut).map(\.point))
  }

  /// Every measured forward beside what is predicted of it.
  public func accuracyPoints(_ forward: ForwardPredictor) -> [TestedForward] {
    points.map { point in
      let predicted = ThroughputPredictor.seconds(forward, point.stage, batch: point.batch, tokens: point.tokens)
      return TestedForward(
        isHeldOut: point.isHeldOut,
        point: .init(
          stage: point.stage, batch: point.batch, tokens: point.tokens, predictedSeconds: predicted,
          measuredSeconds: point.seconds))
    }
  }

  /// Times of a server for the router, out of all measured forwards.
  ///
  /// - Throws: K632 if a stage is missing.
  public func serviceTimes() throws -> MeasuredServiceTimes {
    let rows = points.map { point in
      MeasuredThroughput.Row(
        model: "", batch: point.batch, tokens: point.tokens, stage: point.stage,
        tokensPerSecond: Double(point.batch) * (point.stage == .prefill ? Double(point.tokens) : 1) / point.seconds)
    }
    return try MeasuredServiceTimes(
      MeasuredThroughput(rows: rows), bytesPerToken: bytesPerToken, cacheLimitTokens: limitTokens)
  }

  /// The same out of the predictor.
  ///
  /// - Throws: as `predictor`.
  public func predictedTimes(_ regression: TimeRegression) throws -> PredictedServiceTimes {
    PredictedServiceTimes(try predictor(regression).forward, bytesPerToken: bytesPerToken)
  }

  /// Whether the cache stops growing: over the last two lengths by less than a twentieth of what a token takes.
  var isBounded: Bool { limitTokens != nil }

  /// The length behind which the cache holds no more; nil if it still grows.
  var limitTokens: Int? {
    guard held.count > 1, let last = held.last, last.tokens > held[held.count - 2].tokens else { return nil }
    let before = held[held.count - 2]
    let growth = Double(last.bytes - before.bytes) / Double(last.tokens - before.tokens)
    guard growth < 0.05 * Double(last.bytes) / Double(last.tokens) else { return nil }
    return held.first { Double($0.bytes) >= 0.98 * Double(last.bytes) }?.tokens
  }

  /// Bytes that a token takes where the cache is largest.
  var bytesPerToken: Double {
    guard let last = held.last else { return 0 }
    return Double(last.bytes) / Double(min(last.tokens, limitTokens ?? last.tokens))
  }
}
