extension BatchEngine {
  /// Threads the engine works with.
  public var threads: Int { pool.threads }

  /// Does the work once with fresh caches and forced tokens, and times it alone: no tokenizing, no sampling.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (context), K607 (memory),
  ///   K680 (engine and method), K682 (ranks and model).
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
    try checkMemory(
      Array(repeating: .init(prompt: work.promptTokens, tokens: work.textTokens), count: work.batch), compressor,
      batch: work.batch)
    switch work {
    case .prefill(let tokens, let batch): return try prefill(tokens, batch, compressor, cancellation)
    case .decode(let depth, let batch, let steps): return try decode(depth, batch, steps, compressor, cancellation)
    case .requests(let prompt, let batch, let new): return try serve(prompt, batch, new, compressor, cancellation)
    }
  }

  /// Does the work of one round of a question.
  ///
  /// - Throws: what `time` of a work throws.
  public func timeRound(
    of question: SpeedQuestion, _ compressor: Compressor = .none, attention: AttentionEngine = .fused,
    _ cancellation: Cancellation? = nil
  ) throws -> TimedRun {
    guard let before = question.workBefore else {
      return try time(question.work, compressor, attention: attention, cancellation)
    }
    let first = try time(before, compressor, attention: attention, cancellation)
    return try time(question.work, compressor, attention: attention, cancellation).beside(
      firstTokenSeconds: first.seconds)
  }

  /// Counts from here on what attention moves and ranks work.
  private func startCounting() {
    pass.traffic.reset()
    _ = pass.ranked?.group.takeUse()
  }

  private func text(_ tokens: Int, _ sequence: Int) -> [Int32] {
    MeasuredText.tokens(tokens, sequence: sequence, vocabulary: model.configuration.vocabulary)
  }

  private func prefill(
    _ tokens: Int, _ batch: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> TimedRun {
    let prompts = (0..<batch).map { text(tokens, $0) }
    var held = HeldCaches()
    startCounting()
    let before = pass.clock.times
    let start = ContinuousClock.now
    for prompt in prompts {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: prompt, cancellation)
      _ = pass.logits(rows: [row])
      held.add(cache)
    }
    let seconds = (ContinuousClock.now - start).seconds
    return TimedRun(
      seconds: seconds, tokens: tokens * batch, phases: pass.clock.times - before, cacheBytes: held.bytes,
      peakBytes: held.peakBytes, traffic: pass.traffic.total, pages: held.pageUse, ranks: pass.ranked?.group.takeUse())
  }

  private func decode(
    _ depth: Int, _ batch: Int, _ steps: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> TimedRun {
    // One text in all sequences (sheet throughput), so that it is read once where a cache can be copied.
    let text = text(max(1, depth) + TimedWork.untimedSteps + steps, 0)
    let prompt = Array(text.prefix(max(1, depth)))
    var held = HeldCaches()
    for _ in 0..<batch { held.add(try filled(prompt, like: held.caches.first, compressor, cancellation)) }
    let caches = held.caches
    func step(_ index: Int) throws {
      try pass.runSteps(caches.count, cancellation) { (text[max(1, depth) + index], caches[$0]) }
      _ = pass.logits(rows: pass.lastRows)
    }
    for index in 0..<TimedWork.untimedSteps { try step(index) }
    startCounting()
    let readBefore = held.readBytes
    let before = pass.clock.times
    var forwards: [Double] = []
    forwards.reserveCapacity(steps)
    let start = ContinuousClock.now
    var last = start
    for index in 0..<steps {
      try step(TimedWork.untimedSteps + index)
      let now = ContinuousClock.now
      forwards.append((now - last).seconds)
      last = now
    }
    return TimedRun(
      seconds: (last - start).seconds, tokens: steps * batch, forwardSeconds: forwards,
      phases: pass.clock.times - before, cacheBytes: held.bytes, peakBytes: held.peakBytes,
      readBytesPerStep: steps > 0 ? (held.readBytes - readBefore) / steps : 0,
      traffic: pass.traffic.total, pages: held.pageUse, ranks: pass.ranked?.group.takeUse())
  }

  /// A cache that has read the prompt, or a copy of one that has.
  private func filled(
    _ prompt: [Int32], like other: SequenceCache?, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> SequenceCache {
    if let other {
      try cancellation?.check()
      let cache = try pass.makeCache(compressor)
      if cache.copy(other) { return cache }
    }
    let cache = try pass.makeCache(compressor)
    _ = try fill(cache, with: prompt, cancellation)
    return cache
  }

  /// Requests that are there at once: prompts one behind the other, then all together, no end of text heeded.
  private func serve(
    _ prompt: Int, _ batch: Int, _ new: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> TimedRun {
    let prompts = (0..<batch).map { text(prompt, $0) }
    var held = HeldCaches()
    var tokens: [Int32] = []
    var arrivals: [[Double]] = []
    func likeliest(_ logits: UnsafePointer<Float>) -> Int32 {
      let row = UnsafeBufferPointer(start: logits, count: model.configuration.vocabulary)
      return Sampler.choose(row, .greedy, sample: "", step: 0)
    }
    startCounting()
    var before = pass.clock.times
    let start = ContinuousClock.now
    func now() -> Double { (ContinuousClock.now - start).seconds }
    for prompt in prompts {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: prompt, cancellation)
      tokens.append(likeliest(pass.logits(rows: [row])))
      arrivals.append([now()])
      held.add(cache)
    }
    var forwards = [now()]
    let readBefore = held.readBytes
    if new > 1 {
      // Where there are steps, a forward is one of them.
      before = pass.clock.times
      forwards = []
      var last = now()
      for _ in 1..<new {
        try pass.runSteps(tokens.count, cancellation) { (tokens[$0], held.caches[$0]) }
        let logits = pass.logits(rows: pass.lastRows)
        for index in tokens.indices { tokens[index] = likeliest(logits + index * pass.logitStride) }
        let end = now()
        for index in arrivals.indices { arrivals[index].append(end) }
        forwards.append(end - last)
        last = end
      }
    }
    let steps = max(0, new - 1)
    return TimedRun(
      seconds: arrivals.last?.last ?? now(), tokens: (prompt + max(1, new)) * batch, forwardSeconds: forwards,
      phases: pass.clock.times - before,
      requests: arrivals.map { RequestTimes(sent: 0, chunks: $0, promptTokens: prompt) },
      cacheBytes: held.bytes, peakBytes: held.peakBytes,
      readBytesPerStep: steps > 0 ? (held.readBytes - readBefore) / steps : 0,
      traffic: pass.traffic.total, pages: held.pageUse, ranks: pass.ranked?.group.takeUse())
  }
}

/// Caches that are filled one behind the other: what they hold, and held at most.
private struct HeldCaches {
  private(set) var caches: [SequenceCache] = []
  private var filledBytes = 0
  private var fillingPeakBytes = 0

  /// Counts a cache that was just filled: while it was, those before it were there too.
  mutating func add(_ cache: SequenceCache) {
    fillingPeakBytes = max(fillingPeakBytes, filledBytes + cache.peakBytes)
    filledBytes += cache.bytes.held
    caches.append(cache)
  }

  var bytes: ByteCount { caches.reduce(ByteCount()) { $0 + $1.bytes } }
  var peakBytes: Int { max(fillingPeakBytes, bytes.held) }
  /// How full the caches' pages are; nil without pages.
  var pageUse: PageUse? {
    let uses = caches.compactMap(\.pageUse)
    return uses.isEmpty ? nil : uses.reduce(PageUse(), +)
  }
  var readBytes: Int { caches.reduce(0) { $0 + $1.readBytes } }
}
