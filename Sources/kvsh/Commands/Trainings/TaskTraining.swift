import Lang
import Runtime

/// `train task from=PATH`: a classifier of task types out of LongBench's records, judged on what it has not seen.
struct TaskTraining: Training {
  let entry = NameEntry(
    "task", summary: "the type of a prompt's task: QA, summarization, few-shot, synthetic or code",
    details: """
      Learns from LongBench's files, a folder or one file of them, or a negative benchmark that `save` made. It is a \
      multinomial logistic regression over the hashed words and pairs of words of a prompt's first and last 1,500 characters \
      and the shape of its text (length, digits, lines, symbols of code, indentation, question mark). Types are the second \
      paper's.

      Each prompt is learnt twice, as the data set's template writes it and bare, material and question alone, and each \
      form is judged apart, by five models that had not seen it: unseen=prompts leaves out a fifth of the prompts, \
      unseen=tasks whole tasks (a type of one task is not judged so). Templates give a task away: believe the bare rows, and \
      for prompts of your own those of unseen tasks. baseline is what always saying the most frequent type gets; taken_for \
      says what the prompts of a type were taken for.
      """,
    parameters: [
      Parameter("from", .path, doc: "LongBench's files. Default: those that `data add longbench PATH` registered."),
      Parameter(
        "n", .int, default: .int(25), range: 1...100_000,
        doc: "The first n records of each task; time grows with the square of all."),
    ], accepts: [.nil])

  let columns = ["form", "unseen", "type", "n", "right", "accuracy", "baseline", "taken_for"]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let given = call.optional("from")?.text
    let limit = try call.int("n")
    let (samples, path) = try call.placing(at: given == nil ? nil : "from") {
      try Self.samples(given.map(TextFile.expanded), limit, workbench)
    }
    let study = try call.placing(at: given == nil ? nil : "from") {
      try TaskStudy(
        samples, sha256: { FileDigest.sha256($0) }, check: { try workbench.cancellation.check() },
        progress: { done, total in
          workbench.progress.update(
            ProgressState(label: "train", done: done, total: total, note: "model \(done + 1)"))
        })
    }
    let id = try call.placing { try workbench.store().keep(study.classifier, source: path) }
    if study.repeated > 0 { context.print("note: \(study.repeated) prompts came twice and count once") }
    for line in Self.verdicts(study.classifier) { context.print(line) }
    context.print("kept as task classifier \(id): predict task \"...\" model=\(id)")
    return study.classifier.scores.map { score in
      Record([
        ("form", .string(score.form.rawValue)), ("unseen", .string(score.unseen.rawValue)),
        ("type", .string(score.type ?? "all")), ("n", .int(score.count)), ("right", .int(score.right)),
        ("accuracy", .share(score.accuracy)), ("baseline", .share(score.baseline)),
        (
          "taken_for",
          .string(
            score.takenFor.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
              .joined(separator: ", "))
        ),
      ])
    }
  }

  /// - Throws: `RuntimeProblem` K618 without files, and as `LongBenchFiles`.
  private static func samples(
    _ given: String?, _ limit: Int, _ workbench: Workbench
  ) throws -> (samples: [TaskStudy.Sample], path: String) {
    guard let path = try given ?? Datasets.find("longbench", home: workbench.home).registeredPath else {
      throw RuntimeProblem(
        "K618", seen: "there are no records to learn from", expected: "LongBench's files",
        suggestion: "data add longbench PATH, or from=PATH")
    }
    let tasks = try LongBenchTasks.bundled(home: workbench.home)
    let files = try LongBenchFiles(path: path, tasks: tasks)
    let samples = try files.taskNames.flatMap { name -> [TaskStudy.Sample] in
      guard let task = tasks.task(name) else { return [] }
      return try files.records(of: name, limit: limit).map { record in
        TaskStudy.Sample(
          task: task.name, type: task.type, template: task.filled(context: record.context, input: record.input),
          bare: record.input.isEmpty ? record.context : "\(record.context)\n\n\(record.input)")
      }
    }
    return (samples, path)
  }

  /// One sentence for what no model had seen: how often the type was right, with and without the template.
  static func verdicts(_ classifier: TaskClassifier) -> [String] {
    TaskScore.Unseen.allCases.compactMap { unseen in
      func score(_ form: TaskScore.Form) -> TaskScore? {
        classifier.scores.first { $0.form == form && $0.unseen == unseen && $0.type == nil }
      }
      guard let template = score(.template), let bare = score(.bare) else { return nil }
      func percent(_ share: Double) -> String { PlotNumber.fixed(100 * share, decimals: 1) + " %" }
      return "\(unseen.rawValue) it has not seen: \(percent(bare.accuracy)) right without their template, "
        + "\(percent(template.accuracy)) with it, \(percent(bare.baseline)) by always saying the most frequent type "
        + "(\(bare.count) prompts)"
    }
  }
}
