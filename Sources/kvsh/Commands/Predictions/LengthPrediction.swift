import Lang
import Runtime

/// `predict length "..."`: how long each configuration's response to a prompt will be, by a predictor of the store.
struct LengthPrediction: Prediction {
  let entry = NameEntry(
    "length", summary: "how long each configuration's response to a prompt will be",
    details: """
      Uses the newest predictor that `train length` kept, or model=ID. low and high hold the share `level` of responses, \
      by those that the predictor had not seen; coverage is the share that such intervals held when tested, accuracy the \
      paper's accuracy on requests that were held out, beside the best constant's on the same. An accuracy near the \
      constant's means that the prompt does not tell the length. ratio is the predicted L_cs / L_un.
      """,
    parameters: [
      Parameter("prompt", .string, doc: "What is asked; a list is several.", positional: true, sweepable: true),
      Parameter("model", .int, range: 1...9e15, doc: "A predictor by its number. Default: the newest."),
    ])

  let columns = [
    "config", "prompt", "length", "low", "high", "ratio", "level", "coverage", "accuracy", "accuracy_sd",
    "constant_accuracy", "median_error", "rank_correlation", "requests", "model",
  ]

  func rows(_ call: Call, _ workbench: Workbench, in context: Context) throws -> [Record] {
    let prompts = call.values("prompt").map(\.text)
    guard !prompts.isEmpty else {
      throw Problem(
        "K020", seen: "`predict length` needs a prompt", expected: "a text, or a list of texts",
        suggestion: "predict length \"What is a cache?\"", labels: [.init(call.span)])
    }
    let stored = try call.placing(at: call.isGiven("model") ? "model" : nil) {
      try StoredLengthPredictor(call.optional("model")?.asInt.map(Int64.init), workbench)
    }
    let (past, predictor) = (stored.past, stored.past.predictor)
    let loaded = try call.placing { try workbench.models.current() }
    let tokens = try prompts.map { prompt in
      let request = Request(id: "prompt", prompt: prompt, promptTokens: 0)
      return try call.placing(at: "prompt") {
        try PreparedSample(request, loaded, chat: loaded.chats, maxTokens: 1).ids.count
      }
    }
    let features = try call.placing(at: "prompt") { try stored.features(prompts, tokens) }
    return prompts.indices.flatMap { place in
      predictor.entries.map { self.row($0, features.row(place), prompts[place], predictor, past.id) }
    }
  }

  private func row(
    _ entry: LengthPredictor.Entry, _ features: ArraySlice<Double>, _ prompt: String, _ predictor: LengthPredictor,
    _ id: Int64
  ) -> Record {
    let length = entry.regression.predict(features)
    let interval = entry.regression.interval(around: length, level: predictor.level)
    func number(_ value: Double?) -> Value { value.map { $0.isFinite ? .float($0) : .nil } ?? .nil }
    return Record([
      ("config", .string(entry.configuration)), ("prompt", .string(prompt)), ("length", number(length)),
      ("low", number(interval.lowerBound)), ("high", number(interval.upperBound)),
      ("ratio", number(entry.ratio?.predict(features))), ("level", .share(predictor.level)),
      ("coverage", entry.score.coverage.map { .share($0) } ?? .nil), ("accuracy", .float(entry.score.accuracy)),
      ("accuracy_sd", .float(entry.score.deviation)), ("constant_accuracy", .float(entry.constantScore.accuracy)),
      ("median_error", .float(entry.score.medianError)), ("rank_correlation", number(entry.score.rankCorrelation)),
      ("requests", .int(predictor.requests)), ("model", .int(Int(id))),
    ])
  }
}
