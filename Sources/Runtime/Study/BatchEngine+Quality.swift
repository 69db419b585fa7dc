/// What `BatchEngine.quality` does.
public struct QualityPlan: Sendable, Equatable {
  /// Tokens of a window's prompt, which methods act behind.
  public var depth: Int
  /// Tokens of the text that are fed one by one behind it and scored.
  public var steps: Int
  /// Tokens of greedy text to follow behind the same prompt; 0 for none.
  public var follow: Int
  /// Windows, evenly placed over the text and never overlapping; fewer if it is too short for so many.
  public var windows: Int

  public init(depth: Int, steps: Int = 64, follow: Int = 64, windows: Int = 4) {
    self.depth = depth
    self.steps = steps
    self.follow = follow
    self.windows = windows
  }

  /// Where the windows begin in a text of so many tokens.
  func starts(count: Int) -> [Int] {
    let span = depth + steps
    let fitting = max(1, min(windows, count / span))
    return (0..<fitting).map { fitting == 1 ? 0 : $0 * (count - span) / (fitting - 1) }
  }
}

extension BatchEngine {
  /// Compares configurations with the uncompressed cache, teacher-forced over the same windows of a text.
  ///
  /// Every number is of decode steps behind a prompt, for the baseline alike, so that nothing but the cache differs.
  ///
  /// - Parameter onWork: told how many of how many pieces of work are done, and for which configuration the next is; nil
  ///   for the baseline.
  /// - Returns: one run a configuration, or the problem that ended it: K305 (method and model), K602 (numbers), K607
  ///   (memory). If the work is cancelled, the windows that all of them have.
  /// - Throws: `RuntimeProblem` K603 (tokens), K608 (the text is too short or does not fit the context), or what the
  ///   uncompressed cache met.
  public func quality(
    of text: [Int32], _ configurations: [Compressor], _ plan: QualityPlan, _ cancellation: Cancellation? = nil,
    onWork: (_ done: Int, _ total: Int, _ configuration: Int?) -> Void = { _, _, _ in }
  ) throws -> [Result<QualityRun, RuntimeProblem>] {
    try check(plan, text)
    let starts = plan.starts(count: text.count)
    let vocabulary = model.configuration.vocabulary
    // The baseline's logits wait for the other configurations: 64 Mi numbers at most, or one window.
    let group = max(1, min(8, starts.count, (64 << 20) / (plan.steps * vocabulary)))
    func checkMemory(_ compressor: Compressor) throws {
      try self.checkMemory(
        Array(
          repeating: .init(prompt: plan.depth, tokens: plan.depth + max(plan.steps, plan.follow)), count: starts.count),
        compressor, batch: group)
    }
    try checkMemory(.none)
    var runs = try configurations.map { compressor in
      try Self.result {
        try checkMemory(compressor)
        return QualityRun(depth: plan.depth, steps: plan.steps, followed: plan.follow)
      }
    }
    let groups = Swift.stride(from: 0, to: starts.count, by: group).map {
      Array(starts[$0..<min(starts.count, $0 + group)])
    }
    let total = groups.count * (configurations.count + 1)
    do {
      for (place, group) in groups.enumerated() {
        onWork(place * (configurations.count + 1), total, nil)
        let baseline = try QualityBaseline(self, text, group, plan, cancellation)
        var longer = runs
        for (index, compressor) in configurations.enumerated() {
          onWork(place * (configurations.count + 1) + 1 + index, total, index)
          guard case .success(var run) = longer[index] else { continue }
          longer[index] = try Self.result {
            let part = try baseline.compare(self, compressor, cancellation)
            run.windows += part.windows
            run.held += part.held
            return run
          }
        }
        runs = longer
      }
    } catch is CancellationError {}
    return runs
  }

  /// What one configuration comes to; its problem is not the others'.
  private static func result<T>(_ work: () throws -> T) throws -> Result<T, RuntimeProblem> {
    do { return .success(try work()) } catch let problem as RuntimeProblem { return .failure(problem) }
  }

  private func check(_ plan: QualityPlan, _ text: [Int32]) throws {
    let context = model.configuration.contextTokens
    guard plan.depth >= 1, plan.steps >= 1, plan.follow >= 0, plan.windows >= 1,
      plan.depth + max(plan.steps, plan.follow) <= context
    else {
      throw RuntimeProblem(
        "K608", seen: "depth=\(plan.depth) with steps=\(plan.steps) and follow=\(plan.follow)",
        expected: "at least one token of each prompt and step, together within \(context), the model's context")
    }
    guard text.count >= plan.depth + plan.steps else {
      throw RuntimeProblem(
        "K608", seen: "a text of \(text.count) tokens",
        expected: "at least depth + steps = \(plan.depth + plan.steps) of them")
    }
    if let token = text.first(where: { $0 < 0 || Int($0) >= model.configuration.vocabulary }) {
      throw RuntimeProblem("K603", seen: "token \(token)", expected: "tokens below \(model.configuration.vocabulary)")
    }
  }

  /// Runs prompts, then steps of all of them together.
  ///
  /// - Parameter step: sees the logits behind the prompts (0) and behind each step, row i being prompt i's, `logitStride`
  ///   apart; returns the tokens to feed next, or nil to end.
  fileprivate func walk(
    _ prompts: [[Int32]], _ compressor: Compressor, _ cancellation: Cancellation?,
    step: (_ index: Int, _ logits: UnsafePointer<Float>) -> [Int32]?
  ) throws -> [SequenceCache] {
    let stride = pass.logitStride
    var caches: [SequenceCache] = []
    var first = [Float](repeating: 0, count: prompts.count * stride)
    for (index, prompt) in prompts.enumerated() {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: prompt, cancellation)
      let logits = pass.logits(rows: [row])
      first.withUnsafeMutableBufferPointer { target in
        target.baseAddress.map { ($0 + index * stride).update(from: logits, count: stride) }
      }
      caches.append(cache)
    }
    var next = first.withUnsafeBufferPointer { $0.baseAddress.flatMap { step(0, $0) } }
    var index = 1
    while let tokens = next {
      try pass.run(zip(tokens, caches).map { .step($0, of: $1) }, cancellation)
      next = step(index, pass.logits(rows: pass.lastRows))
      index += 1
    }
    return caches
  }
}

/// What one configuration did in one group of windows.
private struct QualityPart {
  var windows: [QualityRun.Window] = []
  var held: [QualityRun.Held] = []
}

/// The uncompressed cache's answers over a group of windows, which wait to be compared with.
private struct QualityBaseline {
  private let plan: QualityPlan
  private let prompts: [[Int32]]
  /// Tokens that are fed: step s scores fed[window][s].
  private let fed: [[Int32]]  // [windows][steps]
  private var logits: [Float]  // [windows, steps, stride]
  private var greedy: [[Int32]]  // [windows][follow]
  private let stride: Int

  init(
    _ engine: BatchEngine, _ text: [Int32], _ starts: [Int], _ plan: QualityPlan, _ cancellation: Cancellation?
  ) throws {
    self.plan = plan
    stride = engine.pass.logitStride
    prompts = starts.map { Array(text[$0..<$0 + plan.depth]) }
    fed = starts.map { Array(text[$0 + plan.depth..<$0 + plan.depth + plan.steps]) }
    let (fed, stride, steps) = (fed, stride, plan.steps)
    var kept = [Float](repeating: 0, count: starts.count * steps * stride)
    _ = try engine.walk(prompts, .none, cancellation) { step, rows in
      kept.withUnsafeMutableBufferPointer { target in
        guard let base = target.baseAddress else { return }
        for window in fed.indices {
          (base + (window * steps + step) * stride).update(from: rows + window * stride, count: stride)
        }
      }
      return step + 1 < steps ? fed.map { $0[step] } : nil
    }
    logits = kept
    var greedy = [[Int32]](repeating: [], count: starts.count)
    if plan.follow > 0 {
      _ = try engine.walk(prompts, .none, cancellation) { step, rows in
        let tokens = greedy.indices.map { Self.likeliest(rows + $0 * stride, engine) }
        for (window, token) in tokens.enumerated() { greedy[window].append(token) }
        return step + 1 < plan.follow ? tokens : nil
      }
    }
    self.greedy = greedy
  }

  private static func likeliest(_ row: UnsafePointer<Float>, _ engine: BatchEngine) -> Int32 {
    Int32(
      truncatingIfNeeded: Sampler.likeliest(
        UnsafeBufferPointer(start: row, count: engine.model.configuration.vocabulary)))
  }

  func compare(_ engine: BatchEngine, _ compressor: Compressor, _ cancellation: Cancellation?) throws -> QualityPart {
    let steps = plan.steps
    var rows = [Divergence.Row](repeating: .init(), count: fed.count * steps)
    let caches = try engine.walk(prompts, compressor, cancellation) { step, answers in
      compare(answers, step, engine, &rows)
      return step + 1 < steps ? fed.map { $0[step] } : nil
    }
    let partings = try partings(engine, compressor, cancellation)
    var part = QualityPart()
    for window in fed.indices {
      let own = rows[window * steps..<(window + 1) * steps]
      func mean(_ value: (Divergence.Row) -> Double) -> Double { own.reduce(0) { $0 + value($1) } / Double(steps) }
      part.windows.append(
        .init(
          divergence: mean(\.divergence), agreement: mean { $0.isSameToken ? 1 : 0 },
          baselineLoss: mean(\.baselineLoss), loss: mean(\.loss), partsAt: partings[window]))
      let cache = caches[window]
      part.held.append(
        .init(
          keptShare: cache.keptShare(of: plan.depth + steps - 1), bytes: cache.bytes,
          readBytesPerStep: cache.steps > 0 ? cache.readBytes / cache.steps : 0))
    }
    return part
  }

  private func compare(
    _ answers: UnsafePointer<Float>, _ step: Int, _ engine: BatchEngine, _ rows: inout [Divergence.Row]
  ) {
    let (steps, stride, vocabulary) = (plan.steps, stride, engine.model.configuration.vocabulary)
    rows.withUnsafeMutableBufferPointer { rows in
      logits.withUnsafeBufferPointer { baseline in
        guard let target = rows.baseAddress, let base = baseline.baseAddress else { return }
        engine.pool.run(fed.count) { window in
          target[window * steps + step] = Divergence.row(
            base + (window * steps + step) * stride, answers + window * stride, vocabulary: vocabulary,
            next: Int(fed[window][step]))
        }
      }
    }
  }

  /// Where greedy text parts from the baseline's: until it does both are fed the same, so that feeding the baseline's
  /// greedy text finds the first token that is another.
  private func partings(
    _ engine: BatchEngine, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> [Int?] {
    var partings = [Int?](repeating: nil, count: fed.count)
    guard plan.follow > 0 else { return partings }
    _ = try engine.walk(prompts, compressor, cancellation) { step, rows in
      for window in greedy.indices where partings[window] == nil {
        if Self.likeliest(rows + window * stride, engine) != greedy[window][step] { partings[window] = step }
      }
      let isDone = step + 1 >= plan.follow || !partings.contains(nil)
      return isDone ? nil : greedy.map { $0[step] }
    }
    return partings
  }
}

extension SequenceCache {
  /// Tokens held over `tokens`, mean over layers and heads.
  func keptShare(of tokens: Int) -> Double {
    let counts = layers.flatMap { layer in (0..<layer.shape.kvHeads).map { layer.store.count(head: $0) } }
    return Double(counts.reduce(0, +)) / Double(max(1, counts.count * tokens))
  }
}
