/// Measured throughput of one configuration over batch and length, as the second paper's artifact publishes it.
///
/// Source: `0_exp/*.csv` of the artifact (one A6000, LMDeploy); sheet throughput-predictor.
public struct MeasuredThroughput: Sendable {
  public enum Stage: String, Sendable, Codable { case prefill, decoding }

  /// One measurement.
  public struct Row: Sendable, Equatable {
    public var model: String
    public var batch: Int
    /// Prompt tokens; in decode rows the tokens cached.
    public var tokens: Int
    public var stage: Stage
    /// Tokens a second over the whole batch.
    public var tokensPerSecond: Double
  }

  /// In the file's order, which the artifact's evaluator depends on.
  public let rows: [Row]

  public init(rows: [Row]) { self.rows = rows }

  /// Reads a file with the columns model, bsz, prompt_len, stage and thr.
  ///
  /// - Throws: K201 for a file that cannot be opened, K632 for one that is not of this form.
  public init(path: String) throws {
    let file = try CSVColumns(path: path)
    let (models, stages) = (try file.texts("model"), try file.texts("stage"))
    let (batches, lengths) = (try file.counts("bsz"), try file.counts("prompt_len"))
    let speeds = try file.numbers("thr")
    rows = try models.indices.map { row in
      guard let stage = Stage(rawValue: stages[row]) else {
        throw RouteProblems.damaged(
          "\(file.name): row \(row + 1) has the stage `\(stages[row])`", "prefill or decoding")
      }
      // A speed next to nothing makes times that sums cannot hold.
      guard let speed = speeds[row], speed >= 1e-6, batches[row] > 0, lengths[row] > 0 else {
        throw RouteProblems.damaged(
          "\(file.name): row \(row + 1) has bsz \(batches[row]), prompt_len \(lengths[row]), thr \(speeds[row] ?? 0)",
          "numbers above 0, and no speed below a millionth of a token a second")
      }
      return Row(
        model: models[row], batch: batches[row], tokens: lengths[row], stage: stage, tokensPerSecond: speed)
    }
  }

  /// The rows of the model that is listed first, which is the one that was profiled.
  public var ofFirstModel: MeasuredThroughput {
    MeasuredThroughput(rows: rows.filter { $0.model == rows.first?.model })
  }
}
