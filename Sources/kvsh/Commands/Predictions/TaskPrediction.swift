import Lang
import Runtime

/// `predict task "..."`: the type of a prompt's task, by a classifier of the store.
struct TaskPrediction: Prediction {
  let entry = NameEntry(
    "task", summary: "the type of a prompt's task: QA, summarization, few-shot, synthetic or code",
    details: """
      Uses the newest classifier that `train task` kept, or model=ID. share is how sure it is, second the next likeliest \
      type. accuracy is how often it was right on prompts that it had not seen, without their data set's template; \
      unseen_tasks the same on tasks of which it had seen no prompt, which a prompt of one's own is more like; baseline is \
      what always saying the most frequent type gets.
      """,
    parameters: [
      Parameter("prompt", .string, doc: "What is asked; a list is several.", positional: true, sweepable: true),
      Parameter("model", .int, range: 1...9e15, doc: "A classifier by its number. Default: the newest."),
    ])

  let columns = [
    "prompt", "type", "share", "second", "second_share", "accuracy", "unseen_tasks", "baseline", "requests", "model",
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let prompts = call.values("prompt").map(\.text)
    guard !prompts.isEmpty else {
      throw Problem(
        "K020", seen: "`predict task` needs a prompt", expected: "a text, or a list of texts",
        suggestion: "predict task \"Summarize the report above.\"", labels: [.init(call.span)])
    }
    let trained = try call.placing(at: call.isGiven("model") ? "model" : nil) {
      try workbench.store().taskClassifier(call.optional("model")?.asInt.map(Int64.init))
    }
    let classifier = trained.model
    func score(_ unseen: TaskScore.Unseen) -> TaskScore? {
      classifier.scores.first { $0.form == .bare && $0.unseen == unseen && $0.type == nil }
    }
    return zip(prompts, classifier.shares(prompts)).map { prompt, shares in
      let order = shares.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
      func share(_ number: Double?) -> Value { number.map { .share($0) } ?? .nil }
      return Record([
        ("prompt", .string(prompt)), ("type", .string(classifier.types[order[0]])), ("share", .share(shares[order[0]])),
        ("second", .string(classifier.types[order[1]])), ("second_share", .share(shares[order[1]])),
        ("accuracy", share(score(.prompts)?.accuracy)), ("unseen_tasks", share(score(.tasks)?.accuracy)),
        ("baseline", share(score(.prompts)?.baseline)), ("requests", .int(classifier.requests)),
        ("model", .int(Int(trained.id))),
      ])
    }
  }
}
