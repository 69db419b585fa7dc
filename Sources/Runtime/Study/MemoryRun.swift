/// What the caches of a batch hold, counted and as the operating system sees it.
public struct MemoryRun: Sendable {
  /// Held by all sequences after the last step.
  public let steady: ByteCount
  /// Held by all sequences at most: one of them in its prompt's prefill while the others wait, or all while decoding.
  public let peakBytes: Int
  /// The uncompressed half-precision cache of the same tokens, or the single-precision one of the reference.
  public let uncompressedBytes: Int
  /// The process's high-water resident set over what was resident before any of this; nil where it cannot be known.
  public let processBytes: Int?
  /// The same with everything that was resident before: weights and program.
  public let residentBytes: Int?
}

extension BatchEngine {
  /// Fills the caches of `batch` texts of `tokens` tokens, the last `steps` of them as decode steps, and counts.
  ///
  /// Runs in working memory of its own, freed at the end, so that one configuration does not pay for another.
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (context), K607 (memory).
  public func memory(
    tokens: Int, batch: Int, steps: Int, _ compressor: Compressor = .none, _ cancellation: Cancellation? = nil
  ) throws -> MemoryRun {
    let context = model.configuration.contextTokens
    guard tokens >= 1, tokens <= context, batch >= 1 else {
      throw RuntimeProblem(
        "K603", seen: batch == 1 ? "a text of \(tokens) tokens" : "\(batch) texts of \(tokens) tokens",
        expected: "at least one, of 1 to \(context) tokens")
    }
    try checkMemory(
      Array(repeating: .init(prompt: max(1, tokens - steps), tokens: tokens), count: batch), compressor, batch: batch)
    _ = try pass.calibrated(compressor)
    ProcessMemory.trim()
    let before = ProcessMemory.residentBytes
    let wasReset = ProcessMemory.resetHighWater()
    let engine = BatchEngine(
      model: model, endTokens: endTokens, tokenizer: tokenizer, instructionSet: instructionSet, pool: pool,
      chunkTokens: chunkTokens)
    engine.calibrationText = calibrationText
    let run = try engine.fillForMemory(tokens, batch, min(steps, tokens - 1), compressor, cancellation)
    let high = wasReset ? ProcessMemory.highWaterBytes : nil
    return MemoryRun(
      steady: run.steady, peakBytes: run.peakBytes,
      uncompressedBytes: batch * tokens * model.cacheShape.layers * model.cacheShape.tokenBytes,
      processBytes: before.flatMap { before in high.map { max(0, $0 - before) } }, residentBytes: high)
  }

  private func fillForMemory(
    _ tokens: Int, _ batch: Int, _ steps: Int, _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> (steady: ByteCount, peakBytes: Int) {
    var caches: [SequenceCache] = []
    var held = 0
    var peak = 0
    let texts = (0..<batch).map {
      MeasuredText.tokens(tokens, sequence: $0, vocabulary: model.configuration.vocabulary)
    }
    for text in texts {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: Array(text.prefix(tokens - steps)), cancellation)
      _ = pass.logits(rows: [row])
      peak = max(peak, held + cache.peakBytes)
      held += cache.bytes.held
      caches.append(cache)
    }
    let peaksBefore = caches.map(\.peakBytes)
    for step in tokens - steps..<tokens {
      try pass.run(zip(caches, texts).map { .step($1[step], of: $0) }, cancellation)
      _ = pass.logits(rows: pass.lastRows)
    }
    // A sequence's own peak may be that of its prompt, when the later ones were not there yet; and what packing needs
    // besides is needed by as many at once as there are threads.
    let surplus = zip(caches, peaksBefore).map { $0.peakBytes > $1 ? $0.peakBytes - $0.bytes.held : 0 }
    let together = surplus.sorted(by: >).prefix(threads).reduce(0, +)
    peak = max(peak, caches.reduce(0) { $0 + $1.bytes.held } + together)
    return (caches.reduce(ByteCount()) { $0 + $1.bytes }, peak)
  }
}
