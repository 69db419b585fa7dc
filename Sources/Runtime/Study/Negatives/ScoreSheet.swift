/// Scores of the same samples without compression and under configurations, joined by task and sample.
public struct ScoreSheet: Sendable, Equatable {
  /// Labels, without the baseline's.
  public let configurations: [String]
  /// In the order of the baseline's rows.
  public let samples: [Sample]

  public struct Sample: Sendable, Equatable {
    public var task: String
    public var sample: String
    public var baseline: Double
    /// nil where a configuration has no row of this sample. // [configurations]
    public var scores: [Double?]
  }

  /// One row of a run.
  public struct Row: Sendable, Equatable {
    public var configuration: String
    public var task: String
    public var sample: String
    public var score: Double

    public init(configuration: String, task: String, sample: String, score: Double) {
      self.configuration = configuration
      self.task = task
      self.sample = sample
      self.score = score
    }
  }

  private struct Key: Hashable {
    var task: String
    var sample: String
  }

  /// - Throws: K621 (a score that is not finite), K623 (a sample twice), K624 (no baseline rows, or nothing beside them).
  public init(_ rows: [Row], baseline: String) throws {
    var places: [Key: Int] = [:]
    var labels: [String] = []
    var columns: [String: Int] = [:]
    var samples: [Sample] = []
    for row in rows {
      guard row.score.isFinite else {
        throw RuntimeProblem(
          MetricProblems.notFinite, seen: "\(row.configuration), \(row.task) \(row.sample): score \(row.score)",
          expected: "a finite number")
      }
      if row.configuration == baseline {
        let key = Key(task: row.task, sample: row.sample)
        guard places.updateValue(samples.count, forKey: key) == nil else { throw Self.twice(row) }
        samples.append(Sample(task: row.task, sample: row.sample, baseline: row.score, scores: []))
      } else if columns[row.configuration] == nil {
        columns[row.configuration] = labels.count
        labels.append(row.configuration)
      }
    }
    guard !samples.isEmpty, !labels.isEmpty else {
      throw RuntimeProblem(
        MetricProblems.noCommonSample,
        seen: samples.isEmpty
          ? "there are no scores of the baseline, \(baseline)" : "there are scores of the baseline only",
        expected: "scores of the baseline and of a configuration",
        suggestion: samples.isEmpty && !labels.isEmpty ? "name it: baseline=\"\(labels[0])\"" : nil)
    }
    for place in samples.indices { samples[place].scores = [Double?](repeating: nil, count: labels.count) }
    var common = false
    for row in rows where row.configuration != baseline {
      guard let column = columns[row.configuration], let place = places[Key(task: row.task, sample: row.sample)] else {
        continue
      }
      guard samples[place].scores[column] == nil else { throw Self.twice(row) }
      samples[place].scores[column] = row.score
      common = true
    }
    guard common else {
      throw RuntimeProblem(
        MetricProblems.noCommonSample, seen: "\(labels.joined(separator: ", ")) and \(baseline) share no sample",
        expected: "scores of the same samples")
    }
    configurations = labels
    self.samples = samples
  }

  private static func twice(_ row: Row) -> RuntimeProblem {
    RuntimeProblem(
      MetricProblems.duplicateSample, seen: "\(row.configuration) has two scores of \(row.task) \(row.sample)",
      expected: "one score a sample", suggestion: "keep one run per configuration with `where`")
  }
}
