import Lang
import Runtime

/// The rows of a table as what every configuration did with each request.
struct ChoiceRows {
  /// The baseline first.
  let configurations: [String]
  let samples: [ChoiceSample]
  /// What was left out, and what the classifier knew already.
  let notes: [String]

  /// Rows of `auto` and of controls are left out: neither is a configuration that could be chosen.
  ///
  /// - Throws: `Problem` K605 for missing columns, K623, K624 as `ScoreSheet`, K666 for a baseline that is a choice.
  init(_ call: Call, _ workbench: Workbench) throws {
    let rows = try ScoreRows.read(call)
    let table = try call.table()
    let baseline = try call.string("baseline")
    guard baseline != AutoChoice.name else { throw AutoChoice.notHere("a baseline", at: call.span(of: "baseline")) }
    func isChoosable(_ label: String) -> Bool {
      label == baseline || label != AutoChoice.name && !StudyArm.isControl(label)
    }
    let sheet = try call.placingAtInput {
      try ScoreSheet(rows.filter { isChoosable($0.configuration) }, baseline: baseline)
    }
    let labels = [baseline] + sheet.configurations
    configurations = labels
    var places: [Key: Int] = [:]
    for (row, each) in rows.enumerated() {
      places[Key(configuration: each.configuration, task: each.task, sample: each.sample)] = row
    }
    let (prompts, outputs, bytes) = (
      table.column("prompt_tokens"), table.column("output_tokens"), table.column("cache_bytes")
    )
    let tasks = try call.placing { try LongBenchTasks.bundled(home: workbench.home) }
    let complete = sheet.samples.filter { sample in sample.scores.allSatisfy { $0 != nil } }
    let found = complete.map { sample in
      labels.map { places[Key(configuration: $0, task: sample.task, sample: sample.sample)] ?? 0 }
    }
    let known = try call.placing { try Self.predicted(table, found.map { $0[0] }, workbench) }
    samples = zip(complete.indices, found).map { index, rows in
      let sample = complete[index]
      let scores = [sample.baseline] + sample.scores.map { $0 ?? 0 }
      return ChoiceSample(
        name: sample.task.isEmpty ? sample.sample : "\(sample.task)/\(sample.sample)",
        type: tasks.task(sample.task)?.type, predictedType: known.types[index],
        promptTokens: prompts?[rows[0]].asInt,
        outcomes: zip(rows, scores).map { row, score in
          .init(score: score, tokens: outputs?[row].asInt, bytes: bytes?[row].asInt)
        })
    }
    var notes: [String] = []
    let others = Set(rows.map(\.configuration)).filter { !isChoosable($0) }.sorted()
    if !others.isEmpty {
      notes.append("rows of \(others.joined(separator: ", ")) are left out: no configuration to choose")
    }
    let leftOut = sheet.samples.count - complete.count
    if leftOut > 0 { notes.append("\(leftOut) requests are left out: a configuration has no row of theirs") }
    if known.learnt > 0 {
      notes.append(
        "the classifier learnt from \(known.learnt) of these prompts: where types are predicted, figures flatter it")
    }
    self.notes = notes
  }

  private struct Key: Hashable {
    let configuration: String
    let task: String
    let sample: String
  }

  /// What the newest classifier takes the prompts of some rows for, as far as the store or the table has them.
  private static func predicted(
    _ table: Table, _ rows: [Int], _ workbench: Workbench
  ) throws -> (types: [String?], learnt: Int) {
    let none = [String?](repeating: nil, count: rows.count)
    let store = try workbench.store()
    let classifier: TaskClassifier
    do {
      classifier = try store.taskClassifier(nil).model
    } catch let problem as RuntimeProblem where problem.code == ChoiceProblems.noClassifier {
      return (none, 0)
    }
    var texts = none
    if let column = table.column("prompt") {
      texts = rows.map { column[$0].type == .nil ? nil : column[$0].text }
    } else if let samples = table.column("sample"), let answers = table.column("text") {
      let hashes = try store.promptHashes(rows.map { (samples[$0].text, answers[$0].text) })
      let prompts = try store.prompts(Set(hashes.compactMap { $0 }))
      texts = hashes.map { $0.flatMap { prompts[$0] } }
    }
    let learnt = Set(classifier.digests)
    return (
      texts.map { text in text.map { classifier.types(of: [$0])[0] } },
      texts.count { text in
        text.map { learnt.contains(String(FileDigest.sha256(TaskFeatures.ends($0)).prefix(8))) } ?? false
      }
    )
  }
}
