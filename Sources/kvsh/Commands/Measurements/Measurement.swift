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
  /// What a reader of the rows must know besides.
  func notes(_ rows: [Record], _ call: Call) throws -> [String]
}

extension Measurement {
  func notes(_ rows: [Record], _ call: Call) throws -> [String] { [] }
}

/// What can be measured: one line each.
enum Measurements {
  static let all: [any Measurement] = [
    PrefillMeasurement(),
    DecodeMeasurement(),
    LatencyMeasurement(),
    MemoryMeasurement(),
    QualityMeasurement(),
    OverviewMeasurement(),
  ]
}

extension Parameter {
  static let measuredBatch = Parameter(
    "batch", .int, default: .int(1), range: 1...1_024, doc: "Sequences.", sweepable: true)
}

extension Call {
  /// The whole numbers of a sweep.
  func ints(_ name: String) -> [Int] { values(name).compactMap(\.asInt) }

  /// The threads of a sweep; nil stands for the session's.
  var threadCounts: [Int?] {
    let counts = ints("threads")
    return counts.isEmpty ? [nil] : counts
  }

  func throughputStyle() throws -> ThroughputStyle { ThroughputStyle(rawValue: try name("style")) ?? .paper }
}
