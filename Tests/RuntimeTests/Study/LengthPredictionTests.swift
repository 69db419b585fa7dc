import Foundation
import Testing

@testable import Runtime

@Suite("Accuracy of predicted lengths")
struct LengthAccuracyTests {
  private static let predicted: [Double] = [120, 80, 400, 10]
  private static let lengths: [Double] = [100, 100, 200, 10]

  @Test("the sheet's accuracies: by samples, and as the artifact's code counts")
  func sheet() throws {
    #expect(abs(try LengthAccuracy.paper.of(Self.predicted, Self.lengths) - 65.0) < 1e-12)
    #expect(abs(try LengthAccuracy.code.of(Self.predicted, Self.lengths) - 63.0755) < 5e-5)
  }

  @Test("the artifact's short last batch weighs as much as a full one")
  func batches() throws {
    // 32 perfect requests and one that is off by its whole length: (0 + 1) / 2 and not 1 / 33.
    let lengths = [Double](repeating: 9, count: 33)
    let predicted = [Double](repeating: 10, count: 32) + [0]
    let expected = 100 * (1 - 10 / 10.001 / 2)
    #expect(abs(try LengthAccuracy.code.of(predicted, lengths) - expected) < 1e-9)
    #expect(try LengthAccuracy.paper.of(lengths, lengths) == 100)
  }

  @Test("the best constant of 10, 100, 1000 is 10, worth 37; 100 is worth -230")
  func constants() throws {
    let lengths: [Double] = [10, 100, 1000]
    #expect(WeightedMedian.ofLengths(lengths) == 10)
    #expect(abs(try LengthAccuracy.paper.of([10, 10, 10], lengths) - 37.0) < 1e-12)
    #expect(abs(try LengthAccuracy.paper.of([100, 100, 100], lengths) - -230.0) < 1e-12)
  }

  @Test("lists of unequal length, none, and a length of 0 are refused")
  func refusals() {
    #expect(metricProblemCode { try LengthAccuracy.paper.of([1], [1, 2]) } == "K627")
    #expect(metricProblemCode { try LengthAccuracy.paper.of([], []) } == "K620")
    #expect(metricProblemCode { try LengthAccuracy.paper.of([1], [0]) } == "K653")
    #expect(metricProblemCode { try LengthAccuracy.code.of([.nan], [1]) } == "K621")
  }

  @Test("the weighted median makes the weighted distances least")
  func weightedMedian() {
    var numbers = SeededNumbers(3)
    let values = (0..<41).map { _ in Double(numbers.normal()) }
    let weights = (0..<41).map { _ in Double(abs(numbers.normal())) }
    func distance(_ from: Double) -> Double { zip(values, weights).reduce(0) { $0 + $1.1 * abs($1.0 - from) } }
    let median = WeightedMedian.of(values, weights: weights) ?? .nan
    for value in values { #expect(distance(median) <= distance(value) + 1e-12) }
    #expect(WeightedMedian.of([1, 2], weights: [0, 0]) == nil)
    #expect(WeightedMedian.ofLengths([0]) == nil)
  }

  @Test("rank correlation is SciPy's, ties sharing their rank")
  func spearman() throws {
    // scipy.stats.spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]).statistic
    let value = try #require(RankCorrelation.spearman([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]))
    #expect(abs(value - 0.7631578947368421) < 1e-12)
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(RankCorrelation.spearman([1], [1]) == nil)
  }
}

@Suite("Ridge regression")
struct RidgeTests {
  private static func numbers(_ rows: Int, _ width: Int, seed: Int) throws -> FeatureRows {
    var draw = SeededNumbers(seed)
    return try FeatureRows((0..<rows).map { _ in (0..<width).map { _ in Double(draw.normal()) } })
  }

  @Test(
    "more features than rows and more rows than features solve the same equations", arguments: [(12, 30), (30, 12)])
  func equations(rows: Int, width: Int) throws {
    let x = try Self.numbers(rows, width, seed: 5)
    let y = (0..<rows).map { Double($0 * $0 % 7) }
    for lambda in [0.1, 10.0] {
      let model = try #require(try RidgeSystem(x).models([y], lambda: lambda).first)
      let z = model.standardisation.applied(to: x)
      let mean = y.reduce(0, +) / Double(rows)
      let residual = zip(y, model.predict(x)).map { $0 - $1 }
      // Z^T (y - mean - Z w) = lambda w
      for index in 0..<width {
        let slope = (0..<rows).reduce(0.0) { $0 + z.numbers[$1 * width + index] * residual[$1] }
        #expect(abs(slope - lambda * model.weights[index]) < 1e-9)
      }
      #expect(abs(model.intercept - mean) < 1e-12)
    }
  }

  @Test("a feature that is the same everywhere has no weight, and features that no one can use are refused")
  func constants() throws {
    let x = try FeatureRows((0..<9).map { [Double($0), 7, 0] })
    let model = try #require(try RidgeSystem(x).models([(0..<9).map { Double($0) }], lambda: 0.1).first)
    #expect(model.weights[1] == 0 && model.weights[2] == 0 && model.weights[0] > 0)
    #expect(metricProblemCode { try FeatureRows([[1, .nan]]) } == "K655")
    #expect(metricProblemCode { try FeatureRows([[1], [1, 2]]) } == "K655")
  }

  @Test("bins of more features than rows are fitted as those of as many, and tell apart what a feature tells")
  func bins() throws {
    let narrow = try Self.numbers(60, 4, seed: 8)
    // The same numbers beside many that are nothing: the products of rows are the same.
    let wide = try FeatureRows((0..<60).map { Array(narrow.row($0)) + [Double](repeating: 0, count: 90) })
    // Near enough to each other that the 1/L-weighted median does not choose the short ones out of caution.
    let lengths = (0..<60).map { 10 + (narrow.numbers[$0 * 4] > 0 ? 5.0 : 0) + Double($0) / 100 }
    let (few, many) = (LogisticBins(narrow, lengths, lambda: 1), LogisticBins(wide, lengths, lambda: 1))
    for (a, b) in zip(few.predict(narrow), many.predict(wide)) { #expect(abs(a - b) < 1e-6 * a) }
    let right = zip(few.predict(narrow), lengths).count { abs($0 - $1) / $1 < 0.2 }
    #expect(right >= 48)
  }

  @Test("what a model predicts for a row under cross-validation it has not seen")
  func heldOut() throws {
    let x = try Self.numbers(40, 3, seed: 6)
    let folds = (0..<40).map { $0 % 5 }
    var y = (0..<40).map { x.numbers[$0 * 3] }
    let before = try #require(try RidgeSearch.run(x, [y], folds: folds).first)
    y[7] += 1_000
    let after = try #require(try RidgeSearch.run(x, [y], folds: folds).first)
    // The same penalty or not, row 7's own value cannot reach its own prediction through its fold.
    if before.model.lambda == after.model.lambda { #expect(before.heldOut[7] == after.heldOut[7]) }
    #expect(before.heldOut[8] != after.heldOut[8])
  }
}

@Suite("Length predictor")
struct LengthStudyTests {
  /// A digest of its own, so that the splits are as random as SHA-256's.
  static func digest(_ text: String) -> String {
    var hash = text.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return (0..<4).map { _ -> String in
      hash = (hash ^ hash >> 31) &* 0x9e37_79b9_7f4a_7c15
      let part = String(hash >> 32, radix: 16)
      return String(repeating: "0", count: 8 - part.count) + part
    }.joined()
  }

  /// Requests whose length a word of the prompt tells, doubled by `wordy`; `same` gives the baseline's lengths.
  static func responses(_ count: Int = 120, shuffled: Bool = false) -> [LengthTrainingSet.Response] {
    var draw = SeededNumbers(11)
    var rows: [LengthTrainingSet.Response] = []
    for request in 0..<count {
      let isLong = request % 3 == 0
      let length = Int((isLong ? 200 : 20) * exp(0.1 * draw.normal()))
      let prompt = (isLong ? "explain at length number " : "say yes or no about ") + "\(request)"
      for (name, factor) in [("fp16", 1), ("wordy", 2), ("same", 1)] {
        rows.append(
          .init(
            sample: "s\(request)", configuration: name, prompt: prompt, promptTokens: 12 + request % 4,
            tokens: length * factor, atCap: length > 220))
      }
    }
    return shuffled ? rows.sorted { digest($0.sample + $0.configuration) < digest($1.sample + $1.configuration) } : rows
  }

  static func study(
    _ responses: [LengthTrainingSet.Response], salts: Int = 2, bins: Bool = false
  ) throws -> LengthStudy {
    let data = try LengthTrainingSet(responses)
    let features = try LengthFeatures.rows(prompts: data.prompts, promptTokens: data.promptTokens, encoder: nil)
    var options = LengthStudy.Options()
    (options.salts, options.hasBins) = (salts, bins)
    return try LengthStudy(data, features, text: .hash, encoder: nil, options: options, sha256: digest)
  }

  private static let learnt = Result { try study(responses(), bins: true) }

  private func row(_ configuration: String, _ model: LengthStudy.Model) throws -> LengthStudy.Row {
    try #require(try Self.learnt.get().rows.first { $0.configuration == configuration && $0.model == model })
  }

  @Test("a length that the prompt tells is learnt, and beats every baseline")
  func learns() throws {
    let ridge = try row("fp16", .ridge).score
    #expect(ridge.accuracy > 75)
    #expect(ridge.rankCorrelation ?? 0 > 0.6)
    for model in [LengthStudy.Model.constant, .mean, .promptLength] {
      #expect(try row("fp16", model).score.accuracy < ridge.accuracy - 10)
    }
    #expect(try row("fp16", .bins).score.accuracy > 60)
    #expect(try row("same", .baselineLength).score.accuracy == 100)
    #expect(try row("wordy", .baselineLength).score.accuracy == 50)
    #expect(try row("wordy", .ridge).score.directionRight == 1)
    #expect(try row("wordy", .ridge).alwaysLonger == 1)
    #expect(try row("same", .ridge).score.directionRight == nil)
  }

  @Test("a ratio of lengths that are the same everywhere is predicted as 1 for all")
  func ratio() throws {
    let study = try Self.learnt.get()
    let same = try #require(study.predictor.entries.first { $0.configuration == "same" }?.ratio)
    let data = try LengthTrainingSet(Self.responses())
    let features = try LengthFeatures.rows(prompts: data.prompts, promptTokens: data.promptTokens, encoder: nil)
    #expect(same.predict(features).allSatisfy { $0 == 1 })
    let wordy = try #require(study.predictor.entries.first { $0.configuration == "wordy" }?.ratio)
    #expect(wordy.predict(features).allSatisfy { abs($0 - 2) < 1e-9 })
    #expect(study.predictor.entries.first?.ratio == nil)
  }

  @Test("shuffling the rows changes nothing")
  func shuffled() throws {
    let (first, second) = (
      try Self.study(Self.responses(), salts: 1), try Self.study(Self.responses(shuffled: true), salts: 1)
    )
    for entry in first.predictor.entries {
      let other = try #require(second.predictor.entries.first { $0.configuration == entry.configuration })
      #expect(other.regression == entry.regression && other.ratio == entry.ratio && other.score == entry.score)
    }
  }

  @Test("one request is on one side for every configuration and every order, and each salt splits anew")
  func splits() throws {
    let names = (0..<500).map { "request \($0)" }
    let first = try LengthSplit(names, salt: 0, sha256: Self.digest)
    #expect(Set(first.train).isDisjoint(with: first.test) && first.train.count + first.test.count == 500)
    #expect((60...140).contains(first.test.count))
    let reversed = try LengthSplit(names.reversed(), salt: 0, sha256: Self.digest)
    #expect(Set(reversed.test.map { 499 - $0 }) == Set(first.test))
    #expect(try LengthSplit(names, salt: 1, sha256: Self.digest).test != first.test)
    #expect(try LengthSplit(names, salt: 0, testTenths: 5, sha256: Self.digest).test.count > 200)
    // Salt 0 hashes the name itself; the part is the first eight digits modulo 10, 8 and 9 being the test's.
    #expect(LengthSplit.text("abc", salt: 0) == "abc")
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(LengthSplit.number(digest, 0) == 0xba78_16bf && LengthSplit.number(digest, 1) == 0x8f01_cfea)
    let fixed = try? LengthSplit(["abc"], salt: 0) { _ in digest }
    #expect(fixed == nil)
    #expect(LengthSplit.number(digest, 0) % 10 == 9)
  }

  @Test("intervals hold about as many lengths as they are made for")
  func coverage() throws {
    let coverage = try #require(try row("fp16", .ridge).score.coverage)
    #expect((0.75...1).contains(coverage))
    let regression = LengthRegression(
      shift: 1,
      ridge: RidgeModel(
        standardisation: Standardisation(try FeatureRows([[0]])), weights: [0], intercept: log(11), lambda: 1),
      factor: 1, residuals: (1...99).map { (Double($0) - 50) / 100 })
    // 100 x 0.05 = 5: the 5th residual from either end.
    let interval = regression.interval(around: 10, level: 0.9)
    #expect(abs(interval.lowerBound - (11 * exp(-0.45) - 1)) < 1e-9)
    #expect(abs(interval.upperBound - (11 * exp(0.45) - 1)) < 1e-9)
    // Too few residuals for so high a level: an end is not known.
    let wide = regression.interval(around: 10, level: 0.999)
    #expect(wide.lowerBound == 0 && wide.upperBound == .infinity)
  }

  @Test("delta makes the relative error of held-out predictions least")
  func delta() throws {
    let data = try LengthTrainingSet(Self.responses())
    let features = try LengthFeatures.rows(prompts: data.prompts, promptTokens: data.promptTokens, encoder: nil)
    let folds = LengthSplit.folds(data.samples, sha256: Self.digest)
    let truth = data.lengths[0]
    let found = try #require(try LengthRegression.train(features, [truth], shift: 1, folds: folds).first)
    let logs = truth.map { log($0 + 1) }
    let heldOut = try #require(try RidgeSearch.run(features, [logs], folds: folds).first?.heldOut)
    func error(_ delta: Double) -> Double {
      zip(heldOut, truth).reduce(0) { $0 + abs(exp($1.0 + delta) - 1 - $1.1) / $1.1 }
    }
    for step in [-0.2, -0.05, -0.01, 0.01, 0.05, 0.2] {
      #expect(error(found.delta) <= error(found.delta + step) + 1e-9)
    }
  }

  @Test("a predictor survives being stored, and one that was edited is not believed")
  func stored() throws {
    let predictor = try Self.learnt.get().predictor
    let back = try JSONDecoder().decode(LengthPredictor.self, from: JSONEncoder().encode(predictor))
    #expect(back == predictor && back.isSound && back.width == LengthFeatures.buckets + LengthFeatures.plain.count)
    let empty = LengthPredictor(features: .hash, encoder: nil, requests: 0, level: 0.9, entries: [])
    #expect(!empty.isSound)
    // An interval of such a level would look for residuals that are not there.
    let text = String(decoding: try JSONEncoder().encode(predictor), as: UTF8.self)
    for level in ["-5", "1", "7"] {
      let edited = text.replacing("\"level\":0.9", with: "\"level\":\(level)")
      #expect(try edited != text && !JSONDecoder().decode(LengthPredictor.self, from: Data(edited.utf8)).isSound)
    }
  }

  @Test("requests that a configuration did not answer are left out, too few are refused")
  func trainingSet() throws {
    var rows = Self.responses(60)
    rows.removeAll { $0.sample == "s4" && $0.configuration == "wordy" }
    for place in rows.indices where rows[place].sample == "s5" { rows[place].tokens = 0 }
    let data = try LengthTrainingSet(rows.reversed())
    #expect(data.samples.count == 58 && data.leftOut == 2)
    #expect(data.configurations.first == "fp16" && data.baseline == 0)
    #expect(metricProblemCode { try LengthTrainingSet(Self.responses(49)) } == "K654")
    #expect(metricProblemCode { try LengthTrainingSet(rows + [rows[0]]) } == "K623")
    rows[0].tokens = -1
    #expect(metricProblemCode { try LengthTrainingSet(rows) } == "K625")
  }

  @Test("features are those of the sheet, and hashed words are signed counts of unit length")
  func features() throws {
    let plain = LengthFeatures.plain("12ab\n```?", tokens: 9)
    let expected: [Double] = [log(10), 2 / 9, 1 / 9, 1, 1]
    #expect(plain == expected)
    let hashed = LengthFeatures.hashed("The cache, the CACHE!")
    #expect(abs(hashed.reduce(0) { $0 + $1 * $1 } - 1) < 1e-12)
    // the, cache, "the cache" and "cache the"
    #expect(hashed.count { $0 != 0 } == 4)
    #expect(LengthFeatures.hashed("the cache the cache") == hashed)
    #expect(LengthFeatures.hashed("?").allSatisfy { $0 == 0 })
  }
}
