/// Algorithm 1 of the second paper: samples that the model answers well and that every compressor of a set breaks.
///
/// One compressor at or above the bound rescues a sample, so a larger set has fewer negatives. Source: section 4.4; the
/// sheet `negatives`.
public struct NegativeAnalysis: Sendable {
  public let sheet: ScoreSheet
  public let rule: NegativeRule
  /// Whether each sample is benign. // [samples]
  public let isBenign: [Bool]

  public init(_ sheet: ScoreSheet, rule: NegativeRule = .paper) throws {
    self.sheet = sheet
    self.rule = rule
    var byTask: [String: [Double]] = [:]
    for sample in sheet.samples { byTask[sample.task, default: []].append(sample.baseline) }
    let bounds = byTask.mapValues { scores -> Double in
      switch rule.benign {
      case .mean: scores.reduce(0, +) / Double(scores.count)
      case .median: Quantile.ofSorted(scores.sorted(), at: 0.5)
      case .all: -.infinity
      case .floor(let score): score
      }
    }
    isBenign = sheet.samples.map { sample in bounds[sample.task].map { sample.baseline >= $0 } ?? false }
  }

  /// Places of the negative samples of a set of configurations, given as places in `sheet.configurations`.
  ///
  /// A sample that one of the set has no score of is not judged. Throws `K622` (theta outside 0...1), `K620` (empty set).
  public func negatives(of set: [Int], theta: Double) throws -> [Int] {
    guard theta > 0, theta < 1 else {
      throw RuntimeProblem(
        MetricProblems.optionOutOfRange, seen: "theta=\(theta)", expected: "more than 0 and less than 1",
        suggestion: "use theta=0.1")
    }
    guard !set.isEmpty else {
      throw RuntimeProblem(MetricProblems.noValues, seen: "a set without configurations", expected: "at least one")
    }
    return sheet.samples.indices.filter { place in
      let sample = sheet.samples[place]
      return isBenign[place]
        && set.allSatisfy { column in
          sample.scores[column].map { rule.isNegative($0, baseline: sample.baseline, theta: theta) } ?? false
        }
    }
  }

  /// How many samples count, those of a doubled task twice.
  public func count(_ places: [Int]) -> Int {
    places.reduce(0) { $0 + (rule.doubled.contains(sheet.samples[$1].task) ? 2 : 1) }
  }

  /// Benign samples that every configuration of the set has a score of.
  public func benign(of set: [Int]) -> [Int] {
    sheet.samples.indices.filter { place in
      isBenign[place] && set.allSatisfy { sheet.samples[place].scores[$0] != nil }
    }
  }

  /// Mean score over chosen samples as table 7 has it: the mean over the tasks of each task's mean, 0...1.
  ///
  /// - Parameter column: a configuration; nil is the baseline.
  /// - Returns: nil if there are no samples.
  public func macroMean(_ places: [Int], column: Int?) -> Double? {
    var byTask: [String: [Double]] = [:]
    var order: [String] = []
    for place in places {
      let sample = sheet.samples[place]
      guard let score = column.map({ sample.scores[$0] }) ?? sample.baseline else { continue }
      if byTask[sample.task] == nil { order.append(sample.task) }
      byTask[sample.task, default: []].append(score)
    }
    let means = order.compactMap { task in byTask[task].map { $0.reduce(0, +) / Double($0.count) } }
    return means.isEmpty ? nil : means.reduce(0, +) / Double(means.count)
  }
}
