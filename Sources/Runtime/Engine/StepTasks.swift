import KernelABI

/// The tasks of a decode step in one layer, a KV head of a sequence each, and the memory that they work in.
///
/// Nothing but addresses: threads take parts of the same head, and a reference count that all of them write would cost more
/// than the head's own work.
struct StepTasks: BitwiseCopyable {
  let count: Int
  /// Parts of the head that holds most.
  let longestParts: Int
  /// Whether scores of whole rows are kept.
  let keepsScores: Bool
  /// Words of scratch that a task's selection takes; 0 if all tasks read everything.
  let selectionWords: Int
  /// Whether some method asked for the step's weights.
  let observes: Bool
  /// Outputs of a task.
  let outputs: Int
  /// Floats of scratch that the tasks take.
  let floats: Int
  let areas: UnsafeMutablePointer<StepAttention.Areas>  // [count]
  let failures: UnsafeMutablePointer<UInt8>  // [count]
  private let attentions: UnsafeMutablePointer<StepAttention>  // [count]
  private let selection: UnsafeMutablePointer<UInt32>  // [count, selectionWords]

  /// Lays out the tasks of caches that have made room for the step's token but not stored it; the caches have to outlive
  /// them.
  init(
    _ steps: UnsafeBufferPointer<LayerAttention.Step>, kernels: Uncounted<KernelTable>, rotary: Uncounted<RotaryTable>,
    keyTile: Int?, _ scratch: inout AttentionScratch
  ) {
    var count = 0
    var observes = false
    var renumbers = false
    for step in steps {
      step.cache.with {
        count += $0.shape.kvHeads
        observes = observes || $0.needs.stepWeights
        renumbers = renumbers || $0.renumbers
      }
    }
    self.count = count
    self.observes = observes
    keepsScores = keyTile == nil || observes
    scratch.tasks.reserve(count)
    scratch.areas.reserve(count)
    scratch.failures.reserve(count)
    (attentions, areas, failures) = (scratch.tasks.base, scratch.areas.base, scratch.failures.base)
    var task = 0
    var words = 0
    var longest = 0
    var floats = 0
    var outputs = 0
    for step in steps {
      for head in 0..<step.cache.with({ $0.shape.kvHeads }) {
        let attention = StepAttention(step, head: head, kernels: kernels, rotary: rotary, keyTile: keyTile)
        let tokens = attention.tokensAfterStep
        longest = max(longest, tokens)
        floats += attention.scratch(tokens: tokens, keepsScores: keepsScores)
        if attention.selects { words = max(words, StepReading.scratch(tokens: tokens, rows: attention.group)) }
        outputs = max(outputs, attention.group * attention.headDim)
        attentions[task] = attention
        failures[task] = 0
        task += 1
      }
    }
    scratch.weights.reserve(floats)
    scratch.selection.reserve(count * words)
    selection = scratch.selection.base
    self.floats = floats
    self.outputs = outputs
    selectionWords = words
    longestParts = (longest + StepAttention.partTokens - 1) / StepAttention.partTokens
    // Areas lie one behind the other; a head's cache may be longer than its neighbour's.
    var base = scratch.weights.base
    for task in 0..<count {
      let attention = attentions[task]
      let tokens = attention.tokensAfterStep
      areas[task] = StepAttention.Areas(base, tokens: tokens, of: attention, keepsLines: keepsScores)
      base += attention.scratch(tokens: tokens, keepsScores: keepsScores)
    }
    if renumbers { layOutTurns(&scratch) }
  }

  /// Notes how the queries of each task turn; tasks that share a table share its turns.
  private func layOutTurns(_ scratch: inout AttentionScratch) {
    scratch.turns.removeAll()
    for task in 0..<count {
      if attentions[task].sharesTurns {
        (areas[task].firstTurn, areas[task].turnCount) = (areas[task - 1].firstTurn, areas[task - 1].turnCount)
      } else {
        areas[task].firstTurn = scratch.turns.count
        attentions[task].writeTurns(into: &scratch.turns)
        areas[task].turnCount = scratch.turns.count - areas[task].firstTurn
      }
    }
    // Their memory may have moved until here.
    for task in 0..<count { areas[task].turns = scratch.turns.base }
  }

  /// Scores and weights that the step holds at once, in floats.
  func scoreFloats(keyTile: Int?) -> Int {
    (0..<count).reduce(0) { total, task in
      let tokens = attentions[task].tokensAfterStep - 1
      let parts = max(1, (tokens + StepAttention.partTokens - 1) / StepAttention.partTokens)
      return total + attentions[task].group * ((keepsScores ? tokens : 0) + parts * (keyTile ?? 0))
    }
  }

  /// Appends the token, loads the queries and chooses what they read; false if the token cannot be stored.
  func prepare(_ task: Int) -> Bool {
    let attention = attentions[task]
    guard attention.append() else {
      failures[task] = LayerAttention.Failure.stored
      return false
    }
    attention.loadQueries(areas[task])
    if attention.selects { attention.choose(&areas[task], scratch: selection + task * selectionWords) }
    return true
  }

  /// Notes what the tasks that chose have read; for one thread, once all tasks are prepared.
  func noteReads() {
    guard selectionWords > 0 else { return }
    for task in 0..<count where attentions[task].selects { attentions[task].noteRead(areas[task]) }
  }

  private func attend(_ task: Int, part: Int) {
    if !attentions[task].attend(part: part, areas[task]) { failures[task] = LayerAttention.Failure.score }
  }

  // MARK: What threads share

  /// A task's attention from the first part to the last.
  struct Attending: ParallelWork {
    let tasks: StepTasks

    func run(_ task: Int, _ worker: Int) {
      guard tasks.prepare(task) else { return }
      for part in 0..<tasks.areas[task].parts { tasks.attend(task, part: part) }
      if tasks.failures[task] == 0 { tasks.attentions[task].merge(tasks.areas[task]) }
    }
  }

  struct Preparing: ParallelWork {
    let tasks: StepTasks

    func run(_ task: Int, _ worker: Int) { _ = tasks.prepare(task) }
  }

  /// Parts of all tasks, `parts` of each at most.
  struct AttendingParts: ParallelWork {
    let tasks: StepTasks
    let parts: Int

    func run(_ task: Int, _ worker: Int) {
      if task % parts < tasks.areas[task / parts].parts { tasks.attend(task / parts, part: task % parts) }
    }
  }

  struct Merging: RangeWork {
    let tasks: StepTasks

    func run(_ range: Range<Int>) {
      for task in range where tasks.failures[task] == 0 { tasks.attentions[task].merge(tasks.areas[task]) }
    }
  }

  struct Observing: ParallelWork {
    let tasks: StepTasks

    func run(_ task: Int, _ worker: Int) { tasks.attentions[task].observe(tasks.areas[task]) }
  }
}
