import Lang
import Runtime

/// The scores of a table, by configuration, task and sample.
enum ScoreRows {
  /// - Throws: `Problem` K605 for a missing column or a row without a score.
  static func read(_ call: Call) throws -> [ScoreSheet.Row] {
    let table = try call.table()
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw missing("the table has no column `\(name)`", call)
      }
      return data
    }
    let (configs, samples, scores) = (try column("config"), try column("sample"), try column("score"))
    let tasks = table.column("task")
    var rows: [ScoreSheet.Row] = []
    rows.reserveCapacity(table.rowCount)
    for row in 0..<table.rowCount {
      let sample = samples[row].text
      guard let score = scores[row].asDouble else {
        throw missing("row \(row) (\(configs[row].text), sample \(sample)) has no score", call)
      }
      let (task, name) = split(sample, task: tasks?[row])
      rows.append(.init(configuration: configs[row].text, task: task, sample: name, score: score))
    }
    return rows
  }

  /// The task of a sample and its name within it: `qasper/3` is 3 of qasper, unless a column says the task.
  static func split(_ sample: String, task: Value?) -> (task: String, sample: String) {
    if let task, task.type != .nil {
      return (task.text, sample.hasPrefix(task.text + "/") ? String(sample.dropFirst(task.text.count + 1)) : sample)
    }
    guard let slash = sample.lastIndex(of: "/") else { return ("", sample) }
    return (String(sample[..<slash]), String(sample[sample.index(after: slash)...]))
  }

  private static func missing(_ seen: String, _ call: Call) -> Problem {
    Problem(
      "K605", seen: seen, expected: "rows with config, sample and score: `run` over a data set with right answers",
      suggestion: "run longbench, run passkey, or load scores DIR", labels: [.init(call.inputSpan ?? call.span)])
  }
}
