/// The work whose speed is measured.
public enum TimedWork: Hashable, Sendable {
  /// `batch` prompts of `tokens` tokens, one behind the other, each up to the logits of its first new token.
  case prefill(tokens: Int, batch: Int)
  /// `steps` steps of `batch` sequences together, each of which holds `depth` tokens at first.
  case decode(depth: Int, batch: Int, steps: Int)

  /// Steps that are run before those that are timed: they touch the weights and grow the caches.
  public static let untimedSteps = 2

  /// Tokens of the longest text the work makes.
  public var textTokens: Int {
    switch self {
    case .prefill(let tokens, _): tokens
    case .decode(let depth, _, let steps): max(1, depth) + steps + Self.untimedSteps
    }
  }

  public var batch: Int {
    switch self {
    case .prefill(_, let batch), .decode(_, let batch, _): batch
    }
  }
}

extension BatchEngine {
  /// Threads the engine works with.
  public var threads: Int { pool.threads }

  /// Does the work once with fresh caches and forced tokens, and times it alone: no tokenizing, no sampling.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (context), K607 (memory), K680
  ///   (engine and method), K682 (ranks and model).
  public func time(
    _ work: TimedWork, _ compressor: Compressor = .none, attention: AttentionEngine = .fused,
    _ cancellation: Cancellation? = nil
  ) throws -> TimedRun {
    try use(attention, for: compressor)
    pass.traffic.isCounting = true
    defer {
      pass.traffic.isCounting = false
      endUse()
    }
    let context = model.configuration.contextTokens
    guard work.textTokens >= 1, work.textTokens <= context, work.batch >= 1 else {
      throw RuntimeProblem(
        "K603",
        seen: work.batch == 1
          ? "a text of \(work.textTokens) tokens" : "\(work.batch) texts of \(work.textTokens) tokens",
        expected: "at least one, of 1 to \(context) tokens")
    }
    let prompt = if case .decode(let depth, _, _) = work { max(1, depth) } else { work.textTokens }
    try checkMemory(
      Array(repeating: .init(prompt: prompt, tokens: work.textTokens), count: work.batch), compressor,
      batch: work.batch)
    switch work {
    case .prefill(let tokens, let batch): return try prefill(tokens, batch, compressor, cancellation)
    case .decode(let depth, let batch, let steps): return try decode(depth, batch, steps, compressor, cancellation)
    }
  }

  private static func pageUse(_ caches: [SequenceCache]) -> PageUse? {
    let uses = caches.compactMap(\.pageUse)
    return uses.isEmpty ? nil : uses.reduce(PageUse(), +)
  }

  private func text(_ tokens: Int, _ sequence: Int) -> [Int32] {
    MeasuredText.tokens(tokens, sequence: sequence, vocabulary: model.configuration.vocabulary)
  }

  private func prefill(
    _ tokens: Int, _ batch: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> TimedRun {
    let prompts = (0..<batch).map { text(tokens, $0) }
    var caches: [SequenceCache] = []
    pass.traffic.reset()
    _ = pass.ranked?.group.takeUse()
    let start = ContinuousClock.now
    for prompt in prompts {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: prompt, cancellation)
      _ = pass.logits(rows: [row])
      caches.append(cache)
    }
    let seconds = (ContinuousClock.now - start).seconds
    return TimedRun(
      seconds: seconds, tokens: tokens * batch, cacheBytes: caches.reduce(ByteCount()) { $0 + $1.bytes },
      traffic: pass.traffic.total,
      pages: Self.pageUse(caches), ranks: pass.ranked?.group.takeUse())
  }

  private func decode(
    _ depth: Int, _ batch: Int, _ steps: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> TimedRun {
    let texts = (0..<batch).map { text(max(1, depth) + TimedWork.untimedSteps + steps, $0) }
    let caches = try (0..<batch).map { _ in try pass.makeCache(compressor) }
    for (cache, text) in zip(caches, texts) {
      _ = try fill(cache, with: Array(text.prefix(max(1, depth))), cancellation)
    }
    func step(_ index: Int) throws {
      try pass.run(zip(caches, texts).map { .step($1[max(1, depth) + index], of: $0) }, cancellation)
      _ = pass.logits(rows: pass.lastRows)
    }
    for index in 0..<TimedWork.untimedSteps { try step(index) }
    pass.traffic.reset()
    _ = pass.ranked?.group.takeUse()
    let readBefore = caches.reduce(0) { $0 + $1.readBytes }
    let start = ContinuousClock.now
    for index in 0..<steps { try step(TimedWork.untimedSteps + index) }
    let seconds = (ContinuousClock.now - start).seconds
    let read = caches.reduce(0) { $0 + $1.readBytes } - readBefore
    return TimedRun(
      seconds: seconds, tokens: steps * batch, cacheBytes: caches.reduce(ByteCount()) { $0 + $1.bytes },
      readBytesPerStep: steps > 0 ? read / steps : 0, traffic: pass.traffic.total,
      pages: Self.pageUse(caches), ranks: pass.ranked?.group.takeUse())
  }
}
