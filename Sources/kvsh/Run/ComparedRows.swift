import Lang
import Runtime

/// The rows of a run, one list a configuration, for comparisons by sample.
struct ComparedRows {
  /// In the order of the table.
  let labels: [String]
  /// Rows of the table by configuration. // [labels]
  let rows: [[Int]]
  /// Names of samples, by row of the table.
  private let samples: [String]
  private let tasks: [String]
  private let values: [Double?]
  private let text: [String]?
  private let bytes: [[Double?]]

  /// - Parameter measure: the column that is compared.
  /// - Throws: `Problem` K605 for a missing column.
  init(_ call: Call, measure: String) throws {
    let table = try call.table()
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`", expected: "a table of `run`",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let configs = Self.texts(try column("config"))
    let names = Self.texts(try column("sample"))
    let given = table.column("task")
    samples = given.map { zip(Self.texts($0), names).map { "\($0)/\($1)" } } ?? names
    tasks = given.map(Self.texts) ?? names.map { ScoreRows.split($0, task: nil).task }
    values = try column(measure).numbers
    text = table.column("text").map(Self.texts)
    bytes = ["cache_bytes", "cache_bytes_peak", "read_bytes"].compactMap { table.column($0)?.numbers }
    var labels: [String] = []
    var places: [String: Int] = [:]
    var rows: [[Int]] = []
    for (row, label) in configs.enumerated() {
      if let place = places[label] {
        rows[place].append(row)
      } else {
        places[label] = labels.count
        labels.append(label)
        rows.append([row])
      }
    }
    self.labels = labels
    self.rows = rows
  }

  private static func texts(_ column: ColumnData) -> [String] {
    if case .strings(let cells) = column { return cells.map { $0 ?? "" } }
    return column.values.map(\.text)
  }

  /// Rows of two configurations that are of one sample, in the order of the first.
  ///
  /// - Throws: `RuntimeProblem` K623 (a sample twice in one configuration), K624 (none in common).
  func pairs(_ first: Int, _ second: Int) throws -> [(Int, Int)] {
    var bySample: [String: Int] = [:]
    bySample.reserveCapacity(rows[second].count)
    for row in rows[second] where bySample.updateValue(row, forKey: samples[row]) != nil { throw twice(row, second) }
    var seen: Set<String> = []
    var pairs: [(Int, Int)] = []
    for row in rows[first] {
      guard seen.insert(samples[row]).inserted else { throw twice(row, first) }
      if let other = bySample[samples[row]] { pairs.append((row, other)) }
    }
    guard !pairs.isEmpty else {
      throw RuntimeProblem(
        MetricProblems.noCommonSample, seen: "\(labels[first]) and \(labels[second]) share no sample",
        expected: "rows of the same samples", suggestion: "run both on the same data with the same n and seed")
    }
    return pairs
  }

  private func twice(_ row: Int, _ label: Int) -> RuntimeProblem {
    RuntimeProblem(
      MetricProblems.duplicateSample, seen: "sample '\(samples[row])' occurs twice among the rows of \(labels[label])",
      expected: "one row per sample", suggestion: "keep one run per configuration with `where`")
  }

  /// The compared values of pairs that have both; nil if no pair has.
  func values(_ pairs: [(Int, Int)]) -> (first: [Double], second: [Double])? {
    var both: (first: [Double], second: [Double]) = ([], [])
    for (a, b) in pairs {
      guard let first = values[a], let second = values[b] else { continue }
      both.first.append(first)
      both.second.append(second)
    }
    return both.first.isEmpty ? nil : both
  }

  /// Whether all pairs have the same text and the same bytes; nil if the table does not say.
  func isSame(_ pairs: [(Int, Int)]) -> Bool? {
    guard let text, !bytes.isEmpty else { return nil }
    return pairs.allSatisfy { a, b in text[a] == text[b] && bytes.allSatisfy { $0[a] == $0[b] } }
  }

  /// Whether all pairs have the same text.
  func isSameText(_ pairs: [(Int, Int)]) -> Bool {
    text.map { text in pairs.allSatisfy { text[$0] == text[$1] } } ?? false
  }

  /// Mean of a configuration's values for each task, in the order in which the tasks come.
  func taskMeans(_ label: Int) -> [(task: String, mean: Double, count: Int)] {
    var order: [String] = []
    var sums: [String: (sum: Double, count: Int)] = [:]
    for row in rows[label] {
      guard let value = values[row] else { continue }
      if sums[tasks[row]] == nil { order.append(tasks[row]) }
      let old = sums[tasks[row]] ?? (0, 0)
      sums[tasks[row]] = (old.sum + value, old.count + 1)
    }
    return order.compactMap { task in sums[task].map { (task, $0.sum / Double($0.count), $0.count) } }
  }
}
