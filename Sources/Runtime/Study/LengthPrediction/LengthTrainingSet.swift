/// The requests that a length predictor is trained on: those that every configuration answered with a token or more.
public struct LengthTrainingSet: Equatable, Sendable {
  /// One response.
  public struct Response: Equatable, Sendable {
    public var sample: String
    public var configuration: String
    public var prompt: String
    public var promptTokens: Int
    public var tokens: Int
    /// Whether it stopped at the length limit.
    public var atCap: Bool

    public init(
      sample: String, configuration: String, prompt: String, promptTokens: Int, tokens: Int, atCap: Bool
    ) {
      self.sample = sample
      self.configuration = configuration
      self.prompt = prompt
      self.promptTokens = promptTokens
      self.tokens = tokens
      self.atCap = atCap
    }
  }

  /// Ascending, so that the order of the rows changes nothing.
  public let samples: [String]
  public let prompts: [String]
  public let promptTokens: [Int]
  /// In the order of the rows, the baseline first if it is among them.
  public let configurations: [String]
  /// // [configurations][samples]
  public let lengths: [[Double]]
  /// // [configurations][samples]
  public let atCap: [[Bool]]
  /// Requests left out because a configuration did not answer them, or with no token.
  public let leftOut: Int

  /// The place of the baseline, if it is there.
  public var baseline: Int? { configurations.first == Compressor.none.label ? 0 : nil }

  /// - Throws: `RuntimeProblem` K623 (a sample twice in one configuration), K625 (a length below 0), K654 (too few).
  public init(_ responses: [Response]) throws {
    var configurations: [String] = []
    var places: [String: Int] = [:]
    var bySample: [String: [Int: Response]] = [:]
    for response in responses {
      let place = places[response.configuration] ?? configurations.count
      if place == configurations.count {
        configurations.append(response.configuration)
        places[response.configuration] = place
      }
      guard response.tokens >= 0, response.promptTokens >= 0 else {
        throw RuntimeProblem(
          MetricProblems.negativeLength,
          seen: "sample '\(response.sample)' has \(min(response.tokens, response.promptTokens)) tokens",
          expected: "0 or more")
      }
      guard bySample[response.sample, default: [:]].updateValue(response, forKey: place) == nil else {
        throw RuntimeProblem(
          MetricProblems.duplicateSample,
          seen: "sample '\(response.sample)' occurs twice among the rows of \(response.configuration)",
          expected: "one row per sample", suggestion: "keep one run per configuration with `where`")
      }
    }
    if let place = configurations.firstIndex(of: Compressor.none.label), place > 0 {
      configurations.remove(at: place)
      configurations.insert(Compressor.none.label, at: 0)
    }
    let order = configurations.compactMap { places[$0] }
    let kept = bySample.filter { _, rows in order.allSatisfy { (rows[$0]?.tokens ?? 0) > 0 } }
    guard kept.count >= LengthPredictionProblems.leastRequests else {
      throw RuntimeProblem(
        LengthPredictionProblems.tooFewRows,
        seen: "\(kept.count) requests that each of \(configurations.count) configurations answered",
        expected: "\(LengthPredictionProblems.leastRequests) or more", suggestion: "run with a larger n")
    }
    samples = kept.keys.sorted()
    let rows = samples.map { kept[$0] ?? [:] }
    prompts = rows.map { $0[order[0]]?.prompt ?? "" }
    promptTokens = rows.map { $0[order[0]]?.promptTokens ?? 0 }
    lengths = order.map { place in rows.map { Double($0[place]?.tokens ?? 0) } }
    atCap = order.map { place in rows.map { $0[place]?.atCap ?? false } }
    self.configurations = configurations
    leftOut = bySample.count - kept.count
  }
}
