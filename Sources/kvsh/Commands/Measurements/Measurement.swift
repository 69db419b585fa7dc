import Lang
import Runtime

/// Something `measure` measures: its name and parameters, and how configurations become rows.
protocol Measurement: Sendable {
  var entry: NameEntry { get }
  /// Columns of the table, in order.
  var columns: [String] { get }
  /// One row a configuration and point of the sweep; fewer if the work was cancelled.
  func rows(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record]
}

/// What can be measured: one line each.
enum Measurements {
  static let all: [any Measurement] = [
    PrefillMeasurement(),
    DecodeMeasurement(),
    MemoryMeasurement(),
    QualityMeasurement(),
    OverviewMeasurement(),
  ]
}

extension Parameter {
  static let measuredBatch = Parameter(
    "batch", .int, default: .int(1), range: 1...1_024, doc: "Sequences.", sweepable: true)
  static let measuredRepeats = Parameter(
    "repeat", .int, default: .int(5), range: 1...1_000, doc: "Rounds that count; the median is told.")
}

extension Call {
  /// The whole numbers of a sweep.
  func ints(_ name: String) -> [Int] { values(name).compactMap(\.asInt) }
}
