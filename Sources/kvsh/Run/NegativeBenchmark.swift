import Lang
import Runtime

/// A data set made of negative samples: their records, out of the registered LongBench files.
enum NegativeBenchmark {
  /// - Throws: `Problem` K605 for rows that name no samples, K618 without LongBench's files, K411 for samples not in them.
  static func text(of table: Table, _ workbench: Workbench, _ call: Call) throws -> String {
    guard let samples = table.column("sample"), table.rowCount > 0 else {
      throw Problem(
        "K605", seen: table.rowCount == 0 ? "there are no negatives" : "the table has no column `sample`",
        expected: "rows of `negatives per=sample`", labels: [.init(call.inputSpan ?? call.span)])
    }
    let tasks = table.column("task")
    let chosen = try (0..<table.rowCount).map { row -> (task: String, row: Int) in
      let (task, name) = ScoreRows.split(samples[row].text, task: tasks?[row])
      guard let place = Int(name), !task.isEmpty else {
        throw Problem(
          "K605", seen: "row \(row) names the sample `\(samples[row].text)`", expected: "a task and a row of LongBench",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return (task, place)
    }
    return try call.placing {
      let found = try Datasets.find("longbench", home: workbench.home)
      guard let path = found.registeredPath else {
        throw RuntimeProblem(
          "K618", seen: "the records of the negatives are not at hand", expected: "LongBench's files",
          suggestion: "data add longbench PATH")
      }
      let files = try LongBenchFiles(path: path, tasks: try LongBenchTasks.bundled(home: workbench.home))
      return try files.benchmark(chosen)
    }
  }
}
