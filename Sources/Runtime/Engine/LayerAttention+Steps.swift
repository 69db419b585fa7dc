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
    let keyTile = engine.keyTile
    let heads = shape.kvHeads
    let tasks = steps.count * heads
    for step in steps { step.cache.extend(by: 1) }
    // Areas lie one behind the other; a head's cache may be longer than its neighbour's.
    var offsets = [Int](repeating: 0, count: tasks + 1)
    var longest = 0
    var selectionWords = 0
    let keepsScores = keyTile == nil || steps.contains { $0.cache.needs.stepWeights }
    for task in 0..<tasks {
      let cache = steps[task / heads].cache
      let tokens = cache.store.count(head: task % heads) + 1
      longest = max(longest, tokens)
      offsets[task + 1] =
        offsets[task]
        + StepAttention.scratch(
          tokens: tokens, shape: shape, keyTile: keyTile, keepsScores: keepsScores)
      if cache.select != nil {
        selectionWords = max(selectionWords, StepReading.scratch(tokens: tokens, rows: shape.groupHeads))
      }
    }
    scratch.weights.reserve(offsets[tasks])
    scratch.failures.reserve(tasks)
    scratch.selection.reserve(tasks * selectionWords)
    scratch.readings.reserve(tasks)
    let base = scratch.weights.base
    let selection = scratch.selection.base
    let readings = scratch.readings.base
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    func attention(_ task: Int) -> (StepAttention, AttentionRows) {
      let step = steps[task / heads]
      return (
        StepAttention(
          cache: step.cache, head: task % heads, kernels: kernels, rotary: rotary, position: step.position,
          keyTile: keyTile),
        step.rows
      )
    }
    func areas(_ task: Int, _ attention: StepAttention) -> StepAttention.Areas {
      StepAttention.Areas(
        base + offsets[task], tokens: attention.cache.store.count(head: attention.head), shape: shape,
        reading: readings[task], keepsLines: keepsScores)
    }
    /// Appends the token, loads the queries and chooses what they read; false if the token cannot be stored.
    func prepare(_ task: Int) -> Bool {
      let (attention, rows) = attention(task)
      guard attention.append(rows) else {
        failures[task] = Failure.stored
        return false
      }
      let tokens = attention.cache.store.count(head: attention.head)
      readings[task] = StepReading(all: tokens)
      let areas = areas(task, attention)
      attention.loadQueries(rows, areas)
      if let select = attention.cache.select {
        readings[task] = attention.choose(
          select, queries: areas.queries, tokens: tokens, scratch: selection + task * selectionWords)
      }
      return true
    }
    var parts = (longest + StepAttention.partTokens - 1) / StepAttention.partTokens
    if parts == 1 || tasks >= 4 * pool.threads {
      pool.run(tasks) { task in
        guard prepare(task) else { return }
        let (attention, rows) = attention(task)
        let areas = areas(task, attention)
        for part in 0..<areas.parts where !attention.attend(part: part, areas) { failures[task] = Failure.score }
        if failures[task] == 0 { attention.merge(areas, into: rows) }
      }
    } else {
      // Few heads with long caches: the parts are the tasks.
      if selectionWords > 0 {
        pool.run(tasks) { task in _ = prepare(task) }
      } else {
        for task in 0..<tasks { _ = prepare(task) }
      }
      for task in 0..<tasks where failures[task] != 0 {
        throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
      }
      if selectionWords > 0 { parts = (0..<tasks).reduce(1) { max($0, areas($1, attention($1).0).parts) } }
      pool.run(tasks * parts) { index in
        let task = index / parts
        let (attention, _) = attention(task)
        let areas = areas(task, attention)
        if index % parts < areas.parts, !attention.attend(part: index % parts, areas) {
          failures[task] = Failure.score
        }
      }
      // Few numbers are added up sooner than threads meet again.
      let floats = parts * shape.groupHeads * shape.headDim
      pool.run(over: tasks, grain: max(1, 16_384 / max(1, floats))) { range in
        for task in range where failures[task] == 0 {
          let (attention, rows) = attention(task)
          attention.merge(areas(task, attention), into: rows)
        }
      }
    }
    for task in 0..<tasks where failures[task] != 0 {
      throw notFinite(failures[task], layer: steps[task / heads].cache.layer, head: task % heads)
    }
    count(steps, scratchFloats: offsets[tasks], scoreFloats: scoreFloats(steps, keyTile, keepsScores))
    clock.lap(.attention)
    guard steps.contains(where: { $0.cache.needs.stepWeights }) else { return }
    // Apart from attention, so that what a method asks for has a time of its own.
    pool.run(tasks) { task in
      let (attention, _) = attention(task)
      attention.observe(areas(task, attention))
    }
    clock.lap(.score)
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
  private func count(_ steps: [Step], scratchFloats: Int, scoreFloats: Int) {
    guard traffic.isCounting else { return }
    var moved = EngineTraffic()
    for step in steps {
      moved.appendedBytes += step.cache.store.takeMovedBytes()
      moved.readBytes += step.cache.readBytes
    }
    moved.scratchBytes = 4 * scratchFloats
    moved.scoreBytes = 4 * scoreFloats
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
      let step = steps[task / heads]
      let attention = StepAttention(
        cache: step.cache, head: task % heads, kernels: kernels, rotary: rotary, position: step.position)
      if !attention.append(step.rows) { failures[task] = Failure.stored }
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
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishStep(_ caches: [LayerCache], _ scratch: inout AttentionScratch) throws {
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
    pack(caches, .stepComplete, &scratch)
  }
}
