/// What choosing a configuration per request would have gained over the best fixed one, from finished runs alone.
///
/// Requests fall into two halves by the hash of their names; what is chosen for one half was learnt from the other.
public struct ChoiceStudy: Sendable {
  public static let leastSamples = 20

  /// One way to choose, over all requests.
  public struct Arm: Sendable, Equatable {
    public enum Kind: String, Sendable {
      case fixed
      /// The fixed configuration that the same goal takes, without types.
      case bestFixed = "best fixed"
      /// By the type of the data set's task.
      case auto
      /// By the type that the classifier takes the prompt for.
      case predicted = "auto, types predicted"
      /// By what each request's own outcomes were, under the same goal.
      case oracle
    }

    public let kind: Kind
    /// Place of the configuration for each request. // [samples]
    public let chosen: [Int]
    public let score: Double
    /// Mean bytes of the cache at the end; nil if rows do not tell.
    public let bytes: Double?
    /// Scores against the best fixed choice; nil for that itself.
    public let scoreGain: PairedComparison?
    /// Bytes against the best fixed choice.
    public let bytesGain: PairedComparison?
  }

  public let samples: [ChoiceSample]
  public let configurations: [String]
  public let arms: [Arm]
  /// Learnt from all samples, for requests to come.
  public let rule: ChoiceRule

  /// - Parameters:
  ///   - configurations: the baseline first.
  ///   - seed: other halves; 0 hashes the names as they are.
  ///   - sha256: lower-case hexadecimal digest of a text.
  /// - Throws: `RuntimeProblem` K660 with too few samples, K665 if none has a type, K605 for goal bytes without bytes.
  public init(
    _ samples: [ChoiceSample], configurations: [String], goal: ChoiceRule.Goal, tolerance: Double,
    predictsLengths: Bool, seed: Int = 0, sha256: (String) -> String
  ) throws {
    let halves = samples.map { Int(LengthSplit.number(sha256(LengthSplit.text($0.name, salt: seed)), 0) % 2) }
    let compressed = ChoiceRule.compressed(configurations)
    guard let baseline = configurations.first, !compressed.isEmpty else {
      throw RuntimeProblem(
        ChoiceProblems.tooFewSamples,
        seen: "there is nothing to choose beside the baseline \(configurations.first ?? Compressor.none.label)",
        expected: "rows of another compressed configuration",
        suggestion: "compress [kivi(bits=2), h2o(budget=30%)] | run longbench | train auto")
    }
    guard samples.count >= Self.leastSamples, Set(halves).count == 2 else {
      throw RuntimeProblem(
        ChoiceProblems.tooFewSamples,
        seen: "there are \(samples.count) samples with a score of \(baseline) and each of "
          + "\(configurations.count - 1) configurations beside it",
        expected: "\(Self.leastSamples) samples or more", suggestion: "run with a larger n")
    }
    guard samples.contains(where: { $0.learntType != nil }) else {
      throw RuntimeProblem(
        ChoiceProblems.noTypes, seen: "no sample has a task of LongBench, and there is no classifier to ask",
        expected: "types of tasks", suggestion: "train task, then the same line again")
    }
    let hasBytes = samples.allSatisfy { $0.promptTokens != nil && $0.outcomes.allSatisfy { $0.bytes != nil } }
    let hasTokens = samples.allSatisfy { $0.outcomes.allSatisfy { $0.tokens != nil } }
    guard goal == .score || hasBytes && hasTokens else {
      throw RuntimeProblem(
        "K605", seen: "goal=bytes, and rows do not tell prompt_tokens, output_tokens and cache_bytes",
        expected: "rows of `run`", suggestion: "use goal=score")
    }
    self.samples = samples
    self.configurations = configurations
    func learn(_ samples: [ChoiceSample]) -> ChoiceRule {
      ChoiceRule(samples, configurations, goal: goal, tolerance: tolerance, predictsLengths: predictsLengths)
    }
    rule = learn(samples)
    let learnt = [0, 1].map { half -> Half in
      let others = samples.indices.filter { halves[$0] != half }.map { samples[$0] }
      return Half(rule: learn(others), curves: configurations.indices.map { hasBytes ? Self.curve(others, $0) : nil })
    }
    func chosen(_ type: (ChoiceSample) -> String?) -> [Int] {
      zip(samples, halves).map { sample, half in learnt[half].choice(sample, type(sample), compressed) }
    }
    let best = zip(samples, halves).map { _, half in learnt[half].fixed(compressed) }
    var arms = configurations.indices.map { place in
      (kind: Arm.Kind.fixed, chosen: samples.map { _ in place })
    }
    arms.append((.bestFixed, best))
    if samples.contains(where: { $0.type != nil }) { arms.append((.auto, chosen { $0.type })) }
    if samples.contains(where: { $0.predictedType != nil }) {
      arms.append((.predicted, chosen { $0.predictedType }))
    }
    arms.append((.oracle, samples.map { Self.oracle($0, goal, tolerance, compressed) }))
    self.arms = try arms.map { kind, chosen in
      try Self.arm(kind, chosen, best, samples, hasBytes)
    }
  }

  /// What one half of the requests is chosen by.
  private struct Half {
    let rule: ChoiceRule
    /// Bytes by tokens. // [configurations]
    let curves: [PiecewiseLinear?]

    func choice(_ sample: ChoiceSample, _ type: String?, _ among: [Int]) -> Int {
      let tokens = rule.evidence(of: type).tokens
      return rule.choice(type: type, among: among) { place in
        curves[place]?(Double(sample.promptTokens ?? 0) + (tokens[place] ?? 0)) ?? 0
      }
    }

    /// One configuration for all: the same goal over all samples, with the bytes of a typical request.
    func fixed(_ among: [Int]) -> Int {
      rule.choice(type: nil, among: among) { place in
        guard let curve = curves[place], !curve.y.isEmpty else { return 0 }
        return curve.y.reduce(0, +) / Double(curve.y.count)
      }
    }
  }

  private static func curve(_ samples: [ChoiceSample], _ place: Int) -> PiecewiseLinear {
    PiecewiseLinear(
      samples.compactMap { sample in
        guard let prompt = sample.promptTokens, let bytes = sample.outcomes[place].bytes else { return nil }
        return (Double(prompt) + Double(sample.outcomes[place].tokens ?? 0), Double(bytes))
      })
  }

  private static func oracle(
    _ sample: ChoiceSample, _ goal: ChoiceRule.Goal, _ tolerance: Double, _ among: [Int]
  ) -> Int {
    let outcomes = sample.outcomes
    switch goal {
    case .score: return among.max { (outcomes[$0].score, -$0) < (outcomes[$1].score, -$1) } ?? 0
    case .bytes:
      let safe =
        [0]
        + among.filter {
          ChoiceRule.isSafe(outcomes[$0].score, baseline: outcomes[0].score, tolerance: tolerance)
        }
      return safe.min { (outcomes[$0].bytes ?? 0, $0) < (outcomes[$1].bytes ?? 0, $1) } ?? 0
    }
  }

  private static func arm(
    _ kind: Arm.Kind, _ chosen: [Int], _ best: [Int], _ samples: [ChoiceSample], _ hasBytes: Bool
  ) throws -> Arm {
    func scores(_ places: [Int]) -> [Double] { zip(samples, places).map { $0.outcomes[$1].score } }
    func bytes(_ places: [Int]) -> [Double] { zip(samples, places).map { Double($0.outcomes[$1].bytes ?? 0) } }
    func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(max(numbers.count, 1)) }
    let isBest = kind == .bestFixed
    return Arm(
      kind: kind, chosen: chosen, score: mean(scores(chosen)), bytes: hasBytes ? mean(bytes(chosen)) : nil,
      scoreGain: isBest ? nil : try PairedComparison(scores(best), scores(chosen)),
      bytesGain: isBest || !hasBytes ? nil : try PairedComparison(bytes(best), bytes(chosen)))
  }
}
