extension BatchEngine {
  /// An engine over the same weights with a pool of its own; this one if it has as many threads.
  ///
  /// What it computes is the same, token by token; only the time depends on the threads.
  public func withThreads(_ count: Int) -> BatchEngine {
    count == threads ? self : twin(threads: count)
  }

  /// Another engine over the same weights, so that both can work at the same time.
  func twin(threads count: Int) -> BatchEngine {
    let engine = BatchEngine(
      model: model, endTokens: endTokens, tokenizer: tokenizer, instructionSet: instructionSet,
      pool: WorkerPool(threads: count, cancellation: pool.cancellation), chunkTokens: chunkTokens)
    engine.calibrationText = calibrationText
    engine.availableBytes = availableBytes
    return engine
  }
}
