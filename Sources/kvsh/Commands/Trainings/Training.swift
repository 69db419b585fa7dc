import Lang
import Runtime

/// Something `train` makes a model of: its name and parameters, and what the model is worth as rows.
protocol Training: Sendable {
  var entry: NameEntry { get }
  /// Columns of the table, in order.
  var columns: [String] { get }
  /// Trains, keeps the model and tells its worth.
  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record]
}

/// What can be trained: one line each.
enum Trainings {
  static let all: [any Training] = [
    LengthTraining(),
    TaskTraining(),
    AutoTraining(),
  ]
}
