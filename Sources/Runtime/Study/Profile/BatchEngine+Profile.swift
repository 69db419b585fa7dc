extension BatchEngine {
  /// Fills as many caches as the grid's largest batch and times steps of each batch on them, every batch in its turn.
  ///
  /// - Parameter round: turns the order of the batches.
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (context), K607 (memory).
  public func profile(
    _ compressor: Compressor, length: Int, grid: ProfileGrid, round: Int, _ cancellation: Cancellation? = nil
  ) throws -> ProfileVisit {
    let most = grid.mostBatch
    let whole = length + grid.stepsOfVisit
    guard whole <= model.configuration.contextTokens else {
      throw RuntimeProblem(
        "K603", seen: "\(length) tokens and \(grid.stepsOfVisit) steps behind them",
        expected: "\(model.configuration.contextTokens) at most, which is the model's context")
    }
    try checkMemory(
      Array(repeating: .init(prompt: length, tokens: whole), count: most), compressor, batch: most)
    let texts = (0..<most).map {
      MeasuredText.tokens(whole, sequence: $0, vocabulary: model.configuration.vocabulary)
    }
    var caches: [SequenceCache] = []
    var samples: [ProfileSample] = []
    let filling = ProfileWatch(pass.clock)
    for text in texts {
      let cache = try pass.makeCache(compressor)
      let row = try fill(cache, with: Array(text.prefix(length)), cancellation)
      _ = pass.logits(rows: [row])
      caches.append(cache)
      guard grid.batches.contains(caches.count) else { continue }
      samples.append(
        filling.sample(.prefill, batch: caches.count, length: length, tokens: length, forwards: 1))
    }
    let held = caches.first?.bytes.held ?? 0
    var fed = Array(repeating: length, count: most)
    func step(_ batch: Int) throws {
      try pass.runSteps(batch, cancellation) { (texts[$0][fed[$0]], caches[$0]) }
      _ = pass.logits(rows: pass.lastRows)
      for index in 0..<batch { fed[index] += 1 }
    }
    for cycle in 0..<ProfileGrid.cycles {
      for turn in grid.batches.indices {
        let batch = grid.batches[(turn + cycle + round) % grid.batches.count]
        try step(batch)
        // Cached tokens of the middle step.
        let cached = fed.prefix(batch).reduce(0, +) / batch + (ProfileGrid.steps - 1) / 2
        let watch = ProfileWatch(pass.clock)
        for _ in 0..<ProfileGrid.steps { try step(batch) }
        samples.append(
          watch.sample(.decoding, batch: batch, length: length, tokens: cached, forwards: ProfileGrid.steps))
      }
    }
    return ProfileVisit(samples: samples, heldBytes: held)
  }
}

/// Seconds since it was made, and attention's part of them.
private struct ProfileWatch {
  private let clock: PhaseClock
  private let before: PhaseTimes
  private let start = ContinuousClock.now

  init(_ clock: PhaseClock) {
    self.clock = clock
    before = clock.times
  }

  func sample(
    _ stage: MeasuredThroughput.Stage, batch: Int, length: Int, tokens: Int, forwards: Int
  ) -> ProfileSample {
    let phases = clock.times - before
    return ProfileSample(
      stage: stage, batch: batch, length: length, tokens: tokens,
      seconds: (ContinuousClock.now - start).seconds / Double(forwards),
      attentionSeconds: (phases.total - phases.model) / Double(forwards))
  }
}
