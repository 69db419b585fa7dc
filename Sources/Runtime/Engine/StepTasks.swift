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
  /// Floats of scratch that the tasks take.
  let floats: Int
  let areas: UnsafeMutablePointer<StepAttention.Areas>  // [count]
  let failures: UnsafeMutablePointer<UInt8>  // [count]
  private let attentions: UnsafeMutablePointer<Unmanaged<StepAttention>>  // [count]
  private let selection: UnsafeMutablePointer<UInt32>  // [count, selectionWords]

  /// Lays out the tasks of caches that have made room for the step's token but not stored it; `attentions` have to outlive
  /// them.
  init(_ attentions: [StepAttention], shape: CacheShape, _ scratch: inout AttentionScratch) {
    count = attentions.count
    let keyTile = attentions.first?.keyTile
    let keepsScores = keyTile == nil || attentions.contains { $0.cache.needs.stepWeights }
    self.keepsScores = keepsScores
    scratch.tasks.reserve(count)
    scratch.areas.reserve(count)
    scratch.failures.reserve(count)
    let turns = Self.turns(attentions, &scratch)
    var words = 0
    var longest = 0
    var floats = 0
    for attention in attentions {
      let tokens = attention.tokensAfterStep
      longest = max(longest, tokens)
      floats += StepAttention.scratch(tokens: tokens, shape: shape, keyTile: keyTile, keepsScores: keepsScores)
      if attention.cache.select != nil {
        words = max(words, StepReading.scratch(tokens: tokens, rows: shape.groupHeads))
      }
    }
    scratch.weights.reserve(floats)
    scratch.selection.reserve(count * words)
    self.floats = floats
    selectionWords = words
    longestParts = (longest + StepAttention.partTokens - 1) / StepAttention.partTokens
    areas = scratch.areas.base
    failures = scratch.failures.base
    self.attentions = scratch.tasks.base
    selection = scratch.selection.base
    // Areas lie one behind the other; a head's cache may be longer than its neighbour's.
    var base = scratch.weights.base
    for (task, attention) in attentions.enumerated() {
      let tokens = attention.tokensAfterStep
      failures[task] = 0
      self.attentions[task] = .passUnretained(attention)
      areas[task] = StepAttention.Areas(
        base, tokens: tokens, shape: shape, turns: turns(task), keyTile: keyTile,
        keepsLines: keepsScores)
      base += StepAttention.scratch(tokens: tokens, shape: shape, keyTile: keyTile, keepsScores: keepsScores)
    }
  }

  /// Where the turns of each task lie; those of a table that heads share, once.
  private static func turns(
    _ attentions: [StepAttention], _ scratch: inout AttentionScratch
  ) -> (Int) -> UnsafeBufferPointer<SlotTurn> {
    guard attentions.contains(where: \.cache.renumbers) else {
      return { _ in UnsafeBufferPointer(start: nil, count: 0) }
    }
    var all: [SlotTurn] = []
    var ranges: [Range<Int>] = []
    for attention in attentions {
      if attention.head > 0, attention.cache.sharesTable, let last = ranges.last {
        ranges.append(last)
      } else {
        let turns = attention.cache.turns(head: attention.head, query: attention.position)
        ranges.append(all.count..<all.count + turns.count)
        all += turns
      }
    }
    scratch.turns.reserve(all.count)
    for (index, turn) in all.enumerated() { scratch.turns.base[index] = turn }
    let base = UnsafePointer(scratch.turns.base)
    return { task in UnsafeBufferPointer(start: base + ranges[task].lowerBound, count: ranges[task].count) }
  }

  /// Appends the token, loads the queries and chooses what they read; false if the token cannot be stored.
  func prepare(_ task: Int) -> Bool {
    attentions[task]._withUnsafeGuaranteedRef { attention in
      guard attention.append() else {
        failures[task] = LayerAttention.Failure.stored
        return false
      }
      attention.loadQueries(areas[task])
      if let select = attention.cache.select {
        attention.choose(select, &areas[task], scratch: selection + task * selectionWords)
      }
      return true
    }
  }

  /// Notes what the tasks that chose have read; for one thread, once all tasks are prepared.
  func noteReads() {
    guard selectionWords > 0 else { return }
    for task in 0..<count {
      attentions[task]._withUnsafeGuaranteedRef { if $0.cache.select != nil { $0.noteRead(areas[task]) } }
    }
  }

  func attend(_ task: Int, part: Int) {
    let isFinite = attentions[task]._withUnsafeGuaranteedRef { $0.attend(part: part, areas[task]) }
    if !isFinite { failures[task] = LayerAttention.Failure.score }
  }

  func merge(_ task: Int) { attentions[task]._withUnsafeGuaranteedRef { $0.merge(areas[task]) } }

  func observe(_ task: Int) { attentions[task]._withUnsafeGuaranteedRef { $0.observe(areas[task]) } }
}
