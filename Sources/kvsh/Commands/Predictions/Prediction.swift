import Lang
import Runtime

/// Something `predict` predicts: its name and parameters, and how configurations become rows.
protocol Prediction: Sendable {
  var entry: NameEntry { get }
  /// Columns of the table, in order.
  var columns: [String] { get }
  /// The rows, in the order of the configurations.
  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record]
}

/// What can be predicted: one line each.
enum Predictions {
  static let all: [any Prediction] = [
    ThroughputPrediction(),
    AccuracyPrediction(),
    LengthPrediction(),
    TaskPrediction(),
  ]
}
