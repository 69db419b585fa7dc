/// The accuracy of a predictor as the second paper has it: 100 (1 - mean |T_pred - T_gt| / T_gt), in percent.
///
/// Source: second paper, appendix F, table 6; the artifact's `run_evaluator.py`; sheet throughput-predictor.
public struct PredictionAccuracy: Sendable, Equatable {
  /// One point of the evaluation.
  public struct Point: Sendable, Equatable {
    public var stage: MeasuredThroughput.Stage
    public var batch: Int
    public var tokens: Int
    public var predictedSeconds: Double
    public var measuredSeconds: Double

    public init(
      stage: MeasuredThroughput.Stage, batch: Int, tokens: Int, predictedSeconds: Double, measuredSeconds: Double
    ) {
      self.stage = stage
      self.batch = batch
      self.tokens = tokens
      self.predictedSeconds = predictedSeconds
      self.measuredSeconds = measuredSeconds
    }

    /// (T_pred - T_gt) / T_gt.
    public var relativeError: Double { (predictedSeconds - measuredSeconds) / measuredSeconds }
  }

  public let points: [Point]

  public init(points: [Point]) { self.points = points }

  /// nil without points.
  public var percent: Double? {
    points.isEmpty ? nil : 100 * (1 - points.reduce(0) { $0 + abs($1.relativeError) } / Double(points.count))
  }

  /// The two slips of the artifact's evaluator, each put right or not.
  public struct Corrections: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Rows of the other models in the file are left out.
    public static let oneModel = Corrections(rawValue: 1)
    /// A prefill of fewer requests is compared with the time of as many.
    public static let sameBatch = Corrections(rawValue: 2)
    public static let both: Corrections = [.oneModel, .sameBatch]
  }

  /// The 36 points of table 6: batches 1, 2, 4, six lengths, both stages.
  public init(
    _ predictor: ForwardPredictor, against all: MeasuredThroughput, corrections: Corrections = []
  ) throws {
    let measured = corrections.contains(.oneModel) ? all.ofFirstModel : all
    var points: [Point] = []
    for batch in [1, 2, 4] {
      for tokens in [256, 512, 1_024, 2_048, 3_072, 4_000] {
        let throughput = try measured.evaluatorThroughput(batch: batch, tokens: tokens, stage: .decoding)
        points.append(
          Point(
            stage: .decoding, batch: batch, tokens: tokens,
            predictedSeconds: predictor.milliseconds(.decode(batch: batch, cached: tokens)) / 1_000,
            measuredSeconds: Double(batch) / throughput))
        let fitting = predictor.rules.promptsTogether(tokens: tokens, batch: batch)
        let compared = corrections.contains(.sameBatch) ? fitting : batch
        let speed = try measured.evaluatorThroughput(batch: fitting, tokens: tokens, stage: .prefill)
        points.append(
          Point(
            stage: .prefill, batch: batch, tokens: tokens,
            predictedSeconds: predictor.milliseconds(.prefill(batch: fitting, tokens: tokens)) / 1_000,
            measuredSeconds: Double(compared * tokens) / speed))
      }
    }
    self.points = points
  }
}

extension MeasuredThroughput {
  /// Throughput as the artifact's evaluator looks it up: the length is kept one token inside the listed ones, a listed
  /// length takes its first row, and one between two takes the last row of the lower and the first of the higher.
  ///
  /// - Throws: K632 without rows of that batch and stage.
  func evaluatorThroughput(batch: Int, tokens: Int, stage: Stage) throws -> Double {
    // Sorting must keep the file's order among equal lengths.
    let listed = rows.filter { $0.batch == batch && $0.stage == stage }.enumerated()
      .sorted { ($0.element.tokens, $0.offset) < ($1.element.tokens, $1.offset) }.map(\.element)
    guard let first = listed.first, let last = listed.last else {
      throw RouteProblems.damaged(
        "there is no \(stage.rawValue) of batch \(batch) among the measured throughputs", "rows of batches 1, 2 and 4")
    }
    let length = max(min(tokens, last.tokens - 1), first.tokens + 1)
    guard let high = listed.firstIndex(where: { $0.tokens >= length }), high > 0 else { return first.tokensPerSecond }
    let (below, above) = (listed[high - 1], listed[high])
    guard above.tokens > below.tokens else { return above.tokensPerSecond }
    let share = Double(length - below.tokens) / Double(above.tokens - below.tokens)
    return below.tokensPerSecond + share * (above.tokensPerSecond - below.tokensPerSecond)
  }
}
