/// Trains a classifier of task types and judges it on prompts, and on whole tasks, that it has not seen.
public struct TaskStudy: Sendable {
  /// A prompt whose task is known.
  public struct Sample: Sendable {
    public var task: String
    public var type: String
    public var template: String
    public var bare: String

    public init(task: String, type: String, template: String, bare: String) {
      self.task = task
      self.type = type
      self.template = template
      self.bare = bare
    }

    func text(_ form: TaskScore.Form) -> String { form == .template ? template : bare }
  }

  static let folds = 5
  /// Fewer prompts of a type leave folds without one.
  public static let leastOfType = 5

  public let classifier: TaskClassifier
  /// Prompts that came twice and count once.
  public let repeated: Int

  /// Models are trained on both forms of a prompt, and each form is judged apart.
  ///
  /// - Parameters:
  ///   - sha256: lower-case hexadecimal digest of a text.
  ///   - check: throws to end early.
  ///   - progress: called with the models that are done and how many there will be.
  /// - Throws: `RuntimeProblem` K660 with too few prompts or types.
  public init(
    _ samples: [Sample], sha256: (String) -> String, check: () throws -> Void = {},
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    let all = samples.count
    var seen: Set<String> = []
    var digests: [String] = []
    let samples = samples.filter { sample in
      let digest = sha256(sample.bare)
      guard seen.insert(digest).inserted else { return false }
      digests.append(digest)
      return true
    }
    repeated = all - samples.count
    let counts = Dictionary(grouping: samples, by: \.type).mapValues(\.count)
    let types = counts.keys.sorted()
    guard types.count > 1, let least = counts.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
      least.value >= Self.leastOfType
    else { throw ChoiceProblems.fewSamples(counts, least: Self.leastOfType) }
    let classes = samples.map { types.firstIndex(of: $0.type) ?? 0 }
    let forms = TaskScore.Form.allCases
    let rows = forms.map { form in TaskFeatures.rows(samples.map { $0.text(form) }) }
    let models = 2 * Self.folds + 1
    var done = 0
    func fit(_ places: [Int]) throws -> (weights: [[Double]], intercepts: [Double]) {
      try check()
      progress(done, models)
      done += 1
      let both = FeatureRows(
        width: TaskFeatures.width, numbers: rows.flatMap { $0.rows(places).numbers })
      return TaskClassifier.fit(both, forms.flatMap { _ in places.map { classes[$0] } }, types: types.count)
    }
    var scores: [TaskScore] = []
    for unseen in TaskScore.Unseen.allCases {
      let fold = unseen == .prompts ? Self.foldsOfPrompts(digests) : Self.foldsOfTasks(samples)
      // nil: the only task of its type, which cannot be told without it.
      var found = [[Int?]](repeating: [Int?](repeating: nil, count: samples.count), count: forms.count)
      for each in 0..<Self.folds {
        let outside = fold.indices.filter { fold[$0] == each }
        let inside = fold.indices.filter { fold[$0] != each }
        guard !outside.isEmpty, Set(inside.map { classes[$0] }).count > 1 else { continue }
        let model = try fit(inside)
        for form in forms.indices {
          for place in outside {
            found[form][place] = TaskClassifier.likeliest(
              LogisticBins.shares(rows[form], place, model.weights, model.intercepts))
          }
        }
      }
      for (form, found) in zip(forms, found) {
        scores += Self.scores(form, unseen, classes, found, types)
      }
    }
    classifier = TaskClassifier(
      types: types, model: try fit(Array(samples.indices)), requests: samples.count, scores: scores,
      digests: samples.flatMap { [$0.bare, $0.template] }.map { String(sha256(TaskFeatures.ends($0)).prefix(8)) }
        .sorted())
  }

  /// By the digest of the prompt, so that the same text is always on the same side. // [samples]
  static func foldsOfPrompts(_ digests: [String]) -> [Int?] {
    digests.map { Int(LengthSplit.number($0, 0) % UInt32(folds)) }
  }

  /// Tasks of each type in turn; nil for the only task of a type. // [samples]
  static func foldsOfTasks(_ samples: [Sample]) -> [Int?] {
    var tasks: [String: [String]] = [:]
    for sample in samples where tasks[sample.type]?.contains(sample.task) != true {
      tasks[sample.type, default: []].append(sample.task)
    }
    return samples.map { sample in
      guard let own = tasks[sample.type], own.count > 1, let place = own.sorted().firstIndex(of: sample.task) else {
        return nil
      }
      // At least one task of the type stays on the other side.
      return place % min(folds, own.count)
    }
  }

  /// All types together, then each.
  private static func scores(
    _ form: TaskScore.Form, _ unseen: TaskScore.Unseen, _ classes: [Int], _ found: [Int?], _ types: [String]
  ) -> [TaskScore] {
    let judged = found.indices.filter { found[$0] != nil }
    let sizes = types.indices.map { type in judged.count { classes[$0] == type } }
    let baseline = Double(sizes.max() ?? 0) / Double(max(judged.count, 1))
    return ([nil] + types.indices.map { $0 }).compactMap { type -> TaskScore? in
      let places = judged.filter { type == nil || classes[$0] == type }
      guard !places.isEmpty else { return nil }
      var taken: [String: Int] = [:]
      for place in places { if let type = found[place] { taken[types[type], default: 0] += 1 } }
      return TaskScore(
        form: form, unseen: unseen, type: type.map { types[$0] }, count: places.count,
        right: places.count { found[$0] == classes[$0] }, baseline: baseline, takenFor: taken)
    }
  }
}
