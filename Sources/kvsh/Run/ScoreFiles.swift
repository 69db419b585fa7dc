import Foundation
import Lang
import Runtime

/// A folder of per-sample score files, one a configuration: `kivi_4bits.jsonl` with lines {"task", "id", "score"}.
enum ScoreFiles {
  /// What the second paper's artifact calls the uncompressed cache.
  private static let artifactBaseline = "hf"

  /// Rows of every file of the folder, by the file's name; `hf` becomes the baseline's own label.
  ///
  /// - Throws: `RuntimeProblem` K504 for a folder or file that cannot be read, K617 for one without scores.
  static func read(_ folder: String) throws -> Table {
    let path = TextFile.expanded(folder)
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw RuntimeProblem(
        "K504", seen: "\(folder) cannot be read as a folder", expected: "a folder of NAME.jsonl files")
    }
    let files = names.filter { $0.hasSuffix(".jsonl") }.sorted()
    guard !files.isEmpty else {
      throw RuntimeProblem("K617", seen: "\(folder) has no .jsonl file", expected: "one NAME.jsonl a configuration")
    }
    var columns: (config: [String?], task: [String?], sample: [String?], score: [Double?]) = ([], [], [], [])
    // The baseline first, as `run` has it.
    let ordered =
      files.filter { $0 == artifactBaseline + ".jsonl" } + files.filter { $0 != artifactBaseline + ".jsonl" }
    for file in ordered {
      let table = try read(file, in: path)
      let stem = String(file.dropLast(".jsonl".count))
      let label = stem == artifactBaseline ? Compressor.none.label : stem
      guard let tasks = table.column("task"), let ids = table.column("id") ?? table.column("sample"),
        let scores = table.column("score")
      else {
        throw RuntimeProblem(
          "K617", seen: "\(folder)/\(file) has the columns \(table.columnNames.joined(separator: ", "))",
          expected: "task, id and score")
      }
      for row in 0..<table.rowCount {
        guard let score = scores[row].asDouble else {
          throw RuntimeProblem(
            "K617", seen: "\(folder)/\(file): line \(row + 1) has the score \(scores[row].display)",
            expected: "a number")
        }
        columns.config.append(label)
        columns.task.append(tasks[row].text)
        columns.sample.append(ids[row].text)
        columns.score.append(score)
      }
    }
    return Table(columns: [
      .init("config", .strings(columns.config)), .init("task", .strings(columns.task)),
      .init("sample", .strings(columns.sample)), .init("score", .floats(columns.score)),
    ])
  }

  private static func read(_ file: String, in folder: String) throws -> Table {
    let text = try TextFile.read(folder + "/" + file)
    do {
      return try TableText.read(text, as: .jsonLines)
    } catch let problem as Problem {
      throw RuntimeProblem(
        "K617", seen: "\(file): \(problem.seen)", expected: "lines {\"task\": ..., \"id\": ..., \"score\": ...}")
    }
  }
}
