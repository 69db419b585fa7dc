import Foundation

/// Trains and judges length predictors by the sheet's protocol: splits by request, nothing chosen on the test part.
public struct LengthStudy: Sendable {
  /// What predicts, as rows of a report call it.
  public enum Model: String, CaseIterable, Sendable {
    case ridge
    case bins
    /// The baseline's predicted length times the predicted ratio.
    case ratio = "fp16 x ratio"
    /// Ridge with the baseline's true length as a feature, which nobody has before the run.
    case oracle = "ridge + oracle_fp16"
    /// The 1/L-weighted median of the training lengths.
    case constant
    case mean
    /// Ridge on ln(1 + prompt tokens) alone.
    case promptLength = "prompt length"
    /// The baseline's true length itself.
    case baselineLength = "oracle_fp16"
  }

  public struct Options: Sendable {
    public var salts = 5
    public var seed = 0
    /// Share held out, in tenths.
    public var testTenths = 2
    public var level = 0.9
    /// Whether bins are trained too, which takes longer.
    public var hasBins = false

    public init() {}
  }

  /// One row of the report.
  public struct Row: Sendable {
    public let configuration: String
    public let model: Model
    public let score: LengthScore
    /// Share of held-out responses at the length limit.
    public let atCap: Double
    /// Of requests whose length changed, the share that became longer: what always saying so gets right.
    public let alwaysLonger: Double?
  }

  public let rows: [Row]
  /// Models over all requests, with the scores of the splits.
  public let predictor: LengthPredictor

  /// - Parameters:
  ///   - features: a row a sample of `data`.
  ///   - sha256: lower-case hexadecimal digest of a text.
  ///   - progress: called with the splits that are done.
  /// - Throws: `RuntimeProblem` K654, K655; `CancellationError` through `check`.
  public init(
    _ data: LengthTrainingSet, _ features: FeatureRows, text: LengthFeatures.Text, encoder: String?,
    options: Options = Options(), sha256: (String) -> String, check: () throws -> Void = {},
    progress: (Int) -> Void = { _ in }
  ) throws {
    var judged: [Key: [LengthScore]] = [:]
    var caps: [Int: [Double]] = [:]
    var longer: [Int: [Double]] = [:]
    for split in 0..<max(1, options.salts) {
      try check()
      progress(split)
      let part = try LengthSplit(
        data.samples, salt: options.seed + split, testTenths: options.testTenths, sha256: sha256)
      let judge = try SplitJudge(data, features, part, options)
      for (key, score) in judge.scores { judged[key, default: []].append(score) }
      for place in data.configurations.indices {
        caps[place, default: []].append(
          Double(part.test.count { data.atCap[place][$0] }) / Double(max(part.test.count, 1)))
        if let share = judge.alwaysLonger[place] { longer[place, default: []].append(share) }
      }
    }
    func mean(_ numbers: [Double]?) -> Double? {
      guard let numbers, !numbers.isEmpty else { return nil }
      return numbers.reduce(0, +) / Double(numbers.count)
    }
    rows = data.configurations.indices.flatMap { place in
      Model.allCases.compactMap { model -> Row? in
        guard let score = LengthScore(meanOf: judged[Key(place: place, model: model)] ?? []) else { return nil }
        return Row(
          configuration: data.configurations[place], model: model, score: score, atCap: mean(caps[place]) ?? 0,
          alwaysLonger: mean(longer[place]))
      }
    }
    try check()
    let folds = LengthSplit.folds(data.samples, sha256: sha256)
    let whole = try SplitModels(data, features, places: Array(data.samples.indices), folds: folds)
    let entries = data.configurations.indices.compactMap { place -> LengthPredictor.Entry? in
      guard let score = LengthScore(meanOf: judged[Key(place: place, model: .ridge)] ?? []),
        let constant = LengthScore(meanOf: judged[Key(place: place, model: .constant)] ?? [])
      else { return nil }
      return LengthPredictor.Entry(
        configuration: data.configurations[place], regression: whole.lengths[place], ratio: whole.ratios[place],
        score: score, constantScore: constant)
    }
    predictor = LengthPredictor(
      features: text, encoder: encoder, requests: data.samples.count, level: options.level, entries: entries)
  }

  struct Key: Hashable {
    let place: Int
    let model: Model
  }
}

/// The regressions of one set of requests.
struct SplitModels {
  /// // [configurations]
  let lengths: [LengthRegression]
  /// nil for the baseline itself, or without one. // [configurations]
  let ratios: [LengthRegression?]

  init(_ data: LengthTrainingSet, _ features: FeatureRows, places: [Int], folds: [Int]) throws {
    let rows = features.rows(places)
    let truth = data.lengths.map { lengths in places.map { lengths[$0] } }
    lengths = try LengthRegression.train(rows, truth, shift: 1, folds: folds)
    guard let baseline = data.baseline, truth.count > 1 else {
      ratios = truth.map { _ in nil }
      return
    }
    let others = truth.indices.filter { $0 != baseline }
    let targets = others.map { other in zip(truth[other], truth[baseline]).map { $0 / $1 } }
    let found = try LengthRegression.train(rows, targets, shift: 0, folds: folds)
    ratios = truth.indices.map { place in others.firstIndex(of: place).map { found[$0] } }
  }
}

/// Trains on one part of the requests and judges on the other.
private struct SplitJudge {
  private(set) var scores: [LengthStudy.Key: LengthScore] = [:]
  /// // by configuration
  private(set) var alwaysLonger: [Int: Double] = [:]

  init(_ data: LengthTrainingSet, _ features: FeatureRows, _ part: LengthSplit, _ options: LengthStudy.Options) throws {
    let models = try SplitModels(data, features, places: part.train, folds: part.folds)
    let tested = features.rows(part.test)
    let trainTokens = try FeatureRows(part.train.map { [log(1 + Double(data.promptTokens[$0]))] })
    let testTokens = try FeatureRows(part.test.map { [log(1 + Double(data.promptTokens[$0]))] })
    let trainLengths = data.lengths.map { lengths in part.train.map { lengths[$0] } }
    let testLengths = data.lengths.map { lengths in part.test.map { lengths[$0] } }
    let byTokens = try LengthRegression.train(trainTokens, trainLengths, shift: 1, folds: part.folds)
    let base = data.baseline
    let baseTrue = base.map { testLengths[$0] }
    let basePredicted = base.map { models.lengths[$0].predict(tested) }
    let others = data.configurations.indices.filter { $0 != base }
    let oracles = try Self.oracles(data, features, part, base: base, others: others, trainLengths)
    for place in data.configurations.indices {
      let truth = testLengths[place]
      let isOther = base != nil && place != base
      if let baseTrue, isOther {
        let changes = zip(truth, baseTrue).map { $0 - $1 }
        let changed = changes.filter { $0 != 0 }
        if !changed.isEmpty { alwaysLonger[place] = Double(changed.count { $0 > 0 }) / Double(changed.count) }
      }
      func judge(_ model: LengthStudy.Model, _ predicted: [Double], _ regression: LengthRegression? = nil) throws {
        let intervals = regression.map { model in
          predicted.map { model.interval(around: $0, level: options.level) }
        }
        var direction: (predicted: [Double], truth: [Double])?
        if let baseTrue, let basePredicted, isOther {
          // A prediction that knows the baseline's length is set beside that length, others beside its prediction.
          let beside = model == .oracle || model == .baselineLength ? baseTrue : basePredicted
          direction = (zip(predicted, beside).map { $0 - $1 }, zip(truth, baseTrue).map { $0 - $1 })
        }
        scores[.init(place: place, model: model)] = try LengthScore(
          predicted, truth, intervals: intervals, direction: direction)
      }
      try judge(.ridge, models.lengths[place].predict(tested), models.lengths[place])
      if options.hasBins {
        let bins = try LogisticBins.train(features.rows(part.train), trainLengths[place], folds: part.folds)
        try judge(.bins, bins.predict(tested))
      }
      if let ratio = models.ratios[place], let basePredicted {
        try judge(.ratio, zip(ratio.predict(tested), basePredicted).map { $0 * $1 })
      }
      if let oracle = oracles[place] { try judge(.oracle, oracle.predicted, oracle.regression) }
      let constant = WeightedMedian.ofLengths(trainLengths[place]) ?? 0
      try judge(.constant, truth.map { _ in constant })
      let mean = trainLengths[place].reduce(0, +) / Double(max(trainLengths[place].count, 1))
      try judge(.mean, truth.map { _ in mean })
      try judge(.promptLength, byTokens[place].predict(testTokens), byTokens[place])
      if let baseTrue, isOther { try judge(.baselineLength, baseTrue) }
    }
  }

  private static func oracles(
    _ data: LengthTrainingSet, _ features: FeatureRows, _ part: LengthSplit, base: Int?, others: [Int],
    _ trainLengths: [[Double]]
  ) throws -> [Int: (predicted: [Double], regression: LengthRegression)] {
    guard let base, !others.isEmpty else { return [:] }
    let known = features.appending(data.lengths[base].map { log(1 + $0) })
    let found = try LengthRegression.train(
      known.rows(part.train), others.map { trainLengths[$0] }, shift: 1, folds: part.folds)
    let tested = known.rows(part.test)
    return Dictionary(
      uniqueKeysWithValues: zip(others, found).map { ($0, (predicted: $1.predict(tested), regression: $1)) })
  }
}
