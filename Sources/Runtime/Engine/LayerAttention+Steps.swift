import KernelABI

/// The decode steps' part of a layer's attention.
extension LayerAttention {
  /// A decoding sequence's next token in one layer.
  struct Step: BitwiseCopyable {
    /// The layer's, which outlives the step.
    let cache: Uncounted<LayerCache>
    let position: Int
    let rows: AttentionRows
  }

  /// The whole step of one sequence.
  func step(_ step: Step, _ scratch: inout AttentionScratch) throws {
    try withUnsafePointer(to: step) { step in
      let steps = UnsafeBufferPointer(start: step, count: 1)
      try attendSteps(steps, &scratch)
      try finishSteps(steps, &scratch)
    }
  }

  /// One token each of many sequences.
  func attendSteps(_ steps: UnsafeBufferPointer<Step>, _ scratch: inout AttentionScratch) throws {
    guard let engine = steps.first?.cache.with({ $0.engine }) else { return }
    if engine.kind == .eager { return try attendEagerly(Array(steps), &scratch) }
    for step in steps { step.cache.with { $0.extend(by: 1) } }
    let tasks = StepTasks(
      steps, kernels: Uncounted(kernels), rotary: Uncounted(rotary), keyTile: engine.keyTile, &scratch)
    if tasks.longestParts == 1 || tasks.count >= 4 * pool.threads {
      pool.run(tasks.count, StepTasks.Attending(tasks: tasks))
    } else {
      // Few heads with long caches: the parts are the tasks.
      if tasks.selectionWords > 0 {
        pool.run(tasks.count, StepTasks.Preparing(tasks: tasks))
      } else {
        for task in 0..<tasks.count { _ = tasks.prepare(task) }
      }
      try check(tasks, steps)
      let parts = (0..<tasks.count).reduce(1) { max($0, tasks.areas[$1].parts) }
      pool.run(tasks.count * parts, StepTasks.AttendingParts(tasks: tasks, parts: parts))
      // Few numbers are added up sooner than threads meet again.
      pool.run(
        over: tasks.count, grain: max(1, 16_384 / max(1, parts * tasks.outputs)), StepTasks.Merging(tasks: tasks))
    }
    try check(tasks, steps)
    tasks.noteReads()
    count(steps, tasks, keyTile: engine.keyTile)
    clock.lap(.attention)
    guard tasks.observes else { return }
    // Apart from attention, so that what a method asks for has a time of its own.
    pool.run(tasks.count, StepTasks.Observing(tasks: tasks))
    clock.lap(.score)
  }

  /// - Throws: `RuntimeProblem` K602 if a task met what is not a finite number.
  private func check(_ tasks: StepTasks, _ steps: UnsafeBufferPointer<Step>) throws {
    let heads = tasks.count / max(1, steps.count)
    for task in 0..<tasks.count where tasks.failures[task] != 0 {
      throw notFinite(tasks.failures[task], layer: steps[task / heads].cache.with { $0.layer }, head: task % heads)
    }
  }

  /// Counts what a step of one layer moved, if anyone asks.
  private func count(_ steps: UnsafeBufferPointer<Step>, _ tasks: StepTasks, keyTile: Int?) {
    guard traffic.isCounting else { return }
    var moved = EngineTraffic()
    for step in steps {
      step.cache.with {
        moved.appendedBytes += $0.store.takeMovedBytes()
        moved.readBytes += $0.readBytes
      }
    }
    moved.scratchBytes = 4 * tasks.floats
    moved.scoreBytes = 4 * tasks.scoreFloats(keyTile: keyTile)
    traffic.add(moved)
  }

  /// One token each of many sequences, each operation over all of them before the next.
  private func attendEagerly(_ steps: [Step], _ scratch: inout AttentionScratch) throws {
    let caches = steps.map(\.cache.counted)
    let heads = caches[0].shape.kvHeads
    let held = caches.map { cache in (0..<heads).map { cache.store.count(head: $0) } }
    for cache in caches { cache.extend(by: 1) }
    let tasks = steps.count * heads
    scratch.failures.reserve(tasks)
    let failures = scratch.failures.base
    failures.update(repeating: 0, count: tasks)
    pool.run(tasks) { task in
      let attention = StepAttention(
        steps[task / heads], head: task % heads, kernels: Uncounted(kernels), rotary: Uncounted(rotary), keyTile: nil)
      if !attention.append() { failures[task] = Failure.stored }
    }
    for task in 0..<tasks where failures[task] != 0 {
      throw notFinite(failures[task], layer: caches[task / heads].layer, head: task % heads)
    }
    let jobs = steps.indices.map { index in
      EagerAttention.Job(
        cache: caches[index], rows: steps[index].rows, tokens: 1, held: held[index], position: steps[index].position)
    }
    traffic.add(
      try EagerAttention(kernels: kernels, pool: pool, rotary: rotary, clock: clock).attend(jobs, &scratch.eager))
  }

  /// A decode step's attention in one layer of many sequences is over: methods drop what they do not keep, codecs pack.
  ///
  /// - Parameter packsLater: see `gatherPacking`.
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func finishSteps(
    _ steps: UnsafeBufferPointer<Step>, _ scratch: inout AttentionScratch, packsLater: Bool = false
  ) throws {
    clock.lap(.attention)
    if steps.contains(where: { $0.cache.with { $0.dropsWhileDecoding } }) {
      try drop(steps, &scratch.problems)
      clock.lap(.select)
    }
    for step in steps { gatherPacking(step.cache, .stepComplete, &scratch, later: packsLater) }
    packGathered(.stepComplete, &scratch)
  }

  private func drop(_ steps: UnsafeBufferPointer<Step>, _ problems: inout [(any Error)?]) throws {
    while problems.count < steps.count { problems.append(nil) }
    problems.withUnsafeMutableBufferPointer { problems in
      guard let base = steps.baseAddress, let problem = problems.baseAddress else { return }
      pool.run(over: steps.count, grain: 1, Dropping(steps: base, problems: problem))
    }
    guard let index = problems.firstIndex(where: { $0 != nil }), let problem = problems[index] else { return }
    problems.removeAll()
    throw problem
  }

  private struct Dropping: RangeWork {
    let steps: UnsafePointer<Step>
    let problems: UnsafeMutablePointer<(any Error)?>

    func run(_ range: Range<Int>) {
      for index in range {
        do { try steps[index].cache.with { try $0.dropAfterStep() } } catch { problems[index] = error }
      }
    }
  }
}
