import KernelABI

/// The decode steps' part of a layer's attention.
extension LayerAttention {
  /// A decoding sequence's next token in one layer.
  struct Step {
    let cache: LayerCache
    let position: Int
    let rows: AttentionRows
  }

  /// One token each of many sequences.
  func attendSteps(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    guard let shape = steps.first?.cache.shape, let engine = steps.first?.cache.engine else { return }
    if engine.kind == .eager { return try attendEagerly(steps, &scratch) }
    for step in steps { step.cache.extend(by: 1) }
    let attentions = attentions(steps, keyTile: engine.keyTile)
    let tasks = StepTasks(attentions, shape: shape, &scratch)
    defer { withExtendedLifetime(attentions) {} }
    if tasks.longestParts == 1 || tasks.count >= 4 * pool.threads {
      pool.run(tasks.count) { task in
        guard tasks.prepare(task) else { return }
        for part in 0..<tasks.areas[task].parts { tasks.attend(task, part: part) }
        if tasks.failures[task] == 0 { tasks.merge(task) }
      }
    } else {
      // Few heads with long caches: the parts are the tasks.
      if tasks.selectionWords > 0 {
        pool.run(tasks.count) { task in _ = tasks.prepare(task) }
      } else {
        for task in 0..<tasks.count { _ = tasks.prepare(task) }
      }
      try check(tasks, steps)
      let parts = (0..<tasks.count).reduce(1) { max($0, tasks.areas[$1].parts) }
      pool.run(tasks.count * parts) { index in
        if index % parts < tasks.areas[index / parts].parts { tasks.attend(index / parts, part: index % parts) }
      }
      // Few numbers are added up sooner than threads meet again.
      let floats = parts * shape.groupHeads * shape.headDim
      pool.run(over: tasks.count, grain: max(1, 16_384 / max(1, floats))) { range in
        for task in range where tasks.failures[task] == 0 { tasks.merge(task) }
      }
    }
    try check(tasks, steps)
    tasks.noteReads()
    count(steps, tasks, keyTile: engine.keyTile)
    clock.lap(.attention)
    guard steps.contains(where: { $0.cache.needs.stepWeights }) else { return }
    // Apart from attention, so that what a method asks for has a time of its own.
    pool.run(tasks.count) { task in tasks.observe(task) }
    clock.lap(.score)
  }

  private func attentions(_ steps: [Step], keyTile: Int?) -> [StepAttention] {
    var attentions: [StepAttention] = []
    attentions.reserveCapacity(steps.count * (steps.first?.cache.shape.kvHeads ?? 0))
    for step in steps {
      for head in 0..<step.cache.shape.kvHeads {
        attentions.append(StepAttention(step, head: head, kernels: kernels, rotary: rotary, keyTile: keyTile))
      }
    }
    return attentions
  }

  /// - Throws: `RuntimeProblem` K602 if a task met what is not a finite number.
  private func check(_ tasks: StepTasks, _ steps: [Step]) throws {
    let heads = tasks.count / max(1, steps.count)
    for task in 0..<tasks.count where tasks.failures[task] != 0 {
      throw notFinite(tasks.failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
    }
  }

  /// Scores and weights that a step holds at once, in floats.
  private func scoreFloats(_ steps: [Step], _ keyTile: Int?, _ keepsScores: Bool) -> Int {
    steps.reduce(0) { total, step in
      (0..<step.cache.shape.kvHeads).reduce(total) { total, head in
        let tokens = step.cache.store.count(head: head)
        let parts = max(1, (tokens + StepAttention.partTokens - 1) / StepAttention.partTokens)
        return total
          + step.cache.shape.groupHeads * ((keepsScores ? tokens : 0) + parts * (keyTile ?? 0))
      }
    }
  }

  /// Counts what a step of one layer moved, if anyone asks.
  private func count(_ steps: [Step], _ tasks: StepTasks, keyTile: Int?) {
    guard traffic.isCounting else { return }
    var moved = EngineTraffic()
    for step in steps {
      moved.appendedBytes += step.cache.store.takeMovedBytes()
      moved.readBytes += step.cache.readBytes
    }
    moved.scratchBytes = 4 * tasks.floats
    moved.scoreBytes = 4 * scoreFloats(steps, keyTile, tasks.keepsScores)
    traffic.add(moved)
  }

  /// One token each of many sequences, each operation over all of them before the next.
  private func attendEagerly(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    let heads = steps[0].cache.shape.kvHeads
    let held = steps.map { step in (0..<heads).map { step.cache.store.count(head: $0) } }
    for step in steps { step.cache.extend(by: 1) }
    let tasks = steps.count * heads
    scratch.failures.reserve(tasks)
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    pool.run(tasks) { task in
      let attention = StepAttention(steps[task / heads], head: task % heads, kernels: kernels, rotary: rotary)
      if !attention.append() { failures[task] = Failure.stored }
    }
    for task in 0..<tasks where failures[task] != 0 {
      throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
    }
    let jobs = zip(steps, held).map { step, held in
      EagerAttention.Job(cache: step.cache, rows: step.rows, tokens: 1, held: held, position: step.position)
    }
    traffic.add(
      try EagerAttention(kernels: kernels, pool: pool, rotary: rotary, clock: clock).attend(jobs, &scratch.eager))
  }

  /// A decode step's attention in one layer of many sequences is over.
  ///
  /// - Parameter packsLater: see `pack`.
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishStep(_ caches: [LayerCache], _ scratch: inout AttentionScratch, packsLater: Bool = false) throws {
    clock.lap(.attention)
    if caches.contains(where: \.dropsWhileDecoding) {
      var problems = [(any Error)?](repeating: nil, count: caches.count)
      problems.withUnsafeMutableBufferPointer { problems in
        guard let problem = problems.baseAddress else { return }
        pool.run(over: caches.count, grain: 1) { range in
          for index in range { do { try caches[index].dropAfterStep() } catch { problem[index] = error } }
        }
      }
      if let problem = problems.compactMap({ $0 }).first { throw problem }
      clock.lap(.select)
    }
    pack(caches, .stepComplete, &scratch, later: packsLater)
  }
}
