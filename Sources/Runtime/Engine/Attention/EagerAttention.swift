import KernelABI

/// Attention as a library of tensor operations does it: keys and values expanded to query heads in memory, scores of all
/// rows written out, and a pass over all of them for each of mask, maximum, exponentials, division and cast (sheet engines).
///
/// Kernels and threads are those of the other engines, so that what differs is what is moved.
struct EagerAttention {
  /// A sequence's queries and what they attend to, appended already.
  struct Job {
    let cache: LayerCache
    let rows: AttentionRows
    /// Query rows.
    let tokens: Int
    /// Tokens each KV head held before them.
    let held: [Int]
    /// Position of a decode step's query; nil for prompts, whose slots say it.
    var position: Int?

    /// Keys that a query row sees of a KV head, hidden ones within them not counted.
    func limit(_ token: Int, head: Int) -> Int { held[head] + token + 1 }
    func total(head: Int) -> Int { held[head] + tokens }
  }

  let kernels: KernelTable
  let pool: WorkerPool
  let rotary: RotaryTable
  let clock: PhaseClock

  /// Query rows of one task, and rows whose weights are summed with values at once.
  static var taskRows: Int { 48 }
  static var sumRows: Int { 12 }

  /// Where a job's tensors lie.
  struct Layout {
    let job: Job
    /// Elements from a row of scores to the next: whole blocks of 16 keys.
    let stride: Int
    let scores: Int  // first of [queryHeads, tokens, stride]
    let masks: Int  // first of [maskHeads, tokens, stride]
    let maskHeads: Int
    let rows: Int  // first of [queryHeads, tokens], and times headDim of the queries
    /// Bytes of the expanded keys and values of a query head; 0 if attention reads the cache itself.
    let keyBytes: Int
    let valueBytes: Int
    let expanded: Int
    let element: FloatElement
    let observed: Int  // first of [kvHeads, stride]

    var shape: CacheShape { job.cache.shape }
    var queryHeads: Int { shape.kvHeads * shape.groupHeads }
    var isExpanded: Bool { keyBytes > 0 }
  }

  /// Rows of one query head of a job.
  struct Block {
    let layout: Int
    let head: Int  // query head
    let tokens: Range<Int>
  }

  /// Attends all jobs; their outputs are written, step weights and column sums handed to methods that ask for them.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func attend(_ jobs: [Job], _ scratch: inout EagerScratch) throws -> EngineTraffic {
    var traffic = EngineTraffic()
    let layouts = layouts(jobs, &scratch, &traffic)
    var blocks: [Block] = []
    for (index, layout) in layouts.enumerated() {
      for head in 0..<layout.queryHeads {
        for first in Swift.stride(from: 0, to: layout.job.tokens, by: Self.taskRows) {
          blocks.append(
            Block(layout: index, head: head, tokens: first..<min(layout.job.tokens, first + Self.taskRows)))
        }
      }
    }
    for layout in layouts {
      let moved = layout.job.cache.store.takeMovedBytes()
      traffic.appendedBytes += moved
    }
    expand(layouts, scratch, &traffic)
    scaleQueries(layouts, blocks, scratch)
    if case .cornerMasked(let corner)? = jobs.first?.cache.needs.columnSums, jobs.first?.position == nil {
      // Another softmax than attention's, for the method alone; its weights make room for attention's.
      clock.lap(.attention)
      try weigh(layouts, blocks, scratch, corner: corner)
      addColumns(layouts, scratch, corner: corner)
      clock.lap(.score)
    }
    try weigh(layouts, blocks, scratch)
    if jobs.first?.cache.needs.columnSums == .causal, jobs.first?.position == nil {
      clock.lap(.attention)
      addColumns(layouts, scratch)
      clock.lap(.score)
    }
    if jobs.first?.position != nil { gatherStepWeights(layouts, scratch) }
    cast(layouts, blocks, scratch)
    try sum(layouts, blocks, scratch)
    clock.lap(.attention)
    if jobs.first?.position != nil { observe(layouts, scratch) }
    return traffic
  }
}
