import KernelABI

/// Runs segments of many sequences through the model, layer by layer, in memory that it keeps between passes.
///
/// Rows of unequal segments lie one behind the other without padding. Owned and used by one engine.
public final class ForwardPass {
  public let model: Model
  let kernels: KernelTable
  let pool: WorkerPool
  /// Where the time of passes goes.
  let clock = PhaseClock()
  private let attention: LayerAttention
  /// What attention moved, while it is counted.
  let traffic = TrafficCount()
  /// How the caches made from now on are attended.
  var engine: AttentionEngine = .fused {
    didSet {
      guard engine != oldValue else { return }
      memory = EngineMemory(engine, shape: model.cacheShape)
      for other in ranked?.others ?? [] { other.engine = engine }
    }
  }
  /// What those caches share.
  private(set) var memory = EngineMemory.inPlace
  /// Which rank of a group this is, if the model is split; and the others, if it leads them.
  var rank: (group: RankGroup, number: Int)?
  var ranked: RankedPasses?
  private var residual = GrowingBuffer<Float>()  // [rows, hidden]
  private var joined = GrowingBuffer<Float>()  // [rows, hidden], while tokens join
  private var normed = Activations()  // [rows, hidden]
  private var queries = GrowingBuffer<Float>()  // [rows, queryHeads * headDim]
  private var keys = GrowingBuffer<Float>()  // [rows, kvHeads * headDim]
  private var values = GrowingBuffer<Float>()  // [rows, kvHeads * headDim]
  private var attended = Activations()  // [rows, queryHeads * headDim]
  private var update = GrowingBuffer<Float>()  // [rows, hidden]
  private var gates = GrowingBuffer<Float>()  // [rows, feedForward]
  private var ups = GrowingBuffer<Float>()  // [rows, feedForward]
  private var gated = Activations()  // [rows, feedForward]
  private var selected = Activations()  // [rows with logits, hidden]
  private var logitRows = GrowingBuffer<Float>()  // [rows with logits, vocabulary rounded up]
  private var scratch = AttentionScratch()
  /// What codecs that learn from a text learn from; empty if the caller has none.
  public var calibrationText: [Int32] = []
  /// Reads the calibration texts of the user's own.
  var tokenizer: Tokenizer?
  /// Sees the residual stream [rows, hidden] after the embedding (0) and after each layer; for tests and inspection.
  var observer: ((_ layersDone: Int, _ residual: UnsafePointer<Float>, _ rows: Int) -> Void)?

  /// Where a layer's attention stands when it is observed.
  enum AttentionMoment { case projected, rotated, attended }
  /// Sees a layer's queries, keys, values and, once attended, outputs of all rows of a pass; for traces.
  var attentionObserver: ((_ layer: Int, _ moment: AttentionMoment, _ rows: AttentionRows) -> Void)?

  public init(model: Model, kernels: KernelTable, pool: WorkerPool) {
    self.model = model
    self.kernels = kernels
    self.pool = pool
    attention = LayerAttention(kernels: kernels, pool: pool, rotary: model.rotary, clock: clock, traffic: traffic)
  }

  /// A cache for one sequence of this model; the first one of a codec that learns from a text takes as long as the text.
  public func makeCache(_ compressor: Compressor) throws -> SequenceCache {
    let cache = try SequenceCache(
      calibrated(compressor), shape: model.cacheShape, kernels: kernels, rotary: model.rotary, memory: memory)
    cache.startFlow(hidden: model.configuration.hidden)
    cache.shards = try (ranked?.others ?? []).map { try $0.makeCache(compressor) }
    return cache
  }

  /// Runs the segments; their caches grow by their tokens. Afterwards `logits` reads the rows of this pass.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a score is not finite. The caches are then unusable.
  public func run(_ segments: [Segment], _ cancellation: Cancellation? = nil) throws {
    if let ranked { try ranked.run(self, segments, cancellation) } else { try runAlone(segments, cancellation) }
  }

  /// This rank's part, or all of it if there are no others.
  func runAlone(_ segments: [Segment], _ cancellation: Cancellation?) throws {
    var rows = PassRows(segments)
    guard rows.count > 0 else { return }
    clock.start()
    embed(segments, rows.count)
    for segment in segments {
      guard let flow = segment.cache.flow else { continue }
      precondition(segment.endsPrefill != false, "a prompt whose tokens leave between layers comes whole")
      flow.begin(segment.position..<segment.position + segment.tokens.count)
    }
    scratch.packLater.removeAll(keepingCapacity: true)
    for (index, layer) in model.layers.enumerated() {
      try cancellation?.check()
      if let sources = rows.admit(layer: index) { join(sources, rows, layer: index) }
      try layerPass(layer, index, rows)
      observer?(index + 1, residual.base, rows.count)
      release(&rows, layer: index)
    }
    clock.lap(.model)
    attention.packLater(&scratch)
    lastRows = rows.lastRows
    for segment in segments {
      segment.cache.seenTokens += segment.tokens.count
      if segment.endsPrefill == nil { segment.cache.noteStep() }
    }
  }

  /// One layer of all rows; once the pool's work is to end, what stopped work left behind is no problem of its own.
  private func layerPass(_ layer: Model.Layer, _ index: Int, _ rows: PassRows) throws {
    do {
      try attend(layer, index, rows)
      try feedForward(layer, rows.count)
    } catch {
      try pool.check()
      throw error
    }
  }

  /// Runs a whole prompt through the layers before `layer` and hands over what that one would attend with, rotated.
  ///
  /// Of the layers behind it nothing is held: `cache`, which is a new one, has keys and values of one layer at a time.
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a score before that layer is not finite.
  func project<Result>(
    _ prompt: [Int32], layer: Int, on cache: SequenceCache, _ cancellation: Cancellation?,
    _ read: (AttentionRows) throws -> Result
  ) throws -> Result {
    let segments = [Segment.prompt(prompt, of: cache, isLast: true)]
    let rows = PassRows(segments)
    embed(segments, rows.count)
    for index in 0..<layer {
      try cancellation?.check()
      try attend(model.layers[index], index, rows)
      cache.release(layer: index)
      try feedForward(model.layers[index], rows.count)
    }
    try cancellation?.check()
    return try read(try project(model.layers[layer], layer, rows))
  }

  /// The row of each segment's newest token in the last pass, in the order of the segments.
  private(set) var lastRows: [Int] = []

  /// Puts the tokens of all segments one behind the other.
  private func embed(_ segments: [Segment], _ rows: Int) {
    reserve(rows)
    var row = 0
    for segment in segments {
      for token in segment.tokens {
        model.embedding.copyRow(Int(token), into: residual.base + row * model.configuration.hidden)
        row += 1
      }
    }
    observer?(0, residual.base, rows)
  }

  /// Brings the hidden states of tokens that come back between those that go on.
  private func join(_ sources: [PassRows.Source], _ rows: PassRows, layer: Int) {
    let hidden = model.configuration.hidden
    joined.reserve(rows.count * hidden)
    for (row, source) in sources.enumerated() {
      let target = joined.base + row * hidden
      switch source {
      case .row(let before): target.update(from: residual.base + before * hidden, count: hidden)
      case .waiting(let span, let position):
        rows.spans[span].segment.cache.flow?.take(layer: layer, position: position, into: target)
      }
    }
    swap(&residual, &joined)
    reserve(rows.count)
  }

  /// Lets tokens leave behind a layer; the rows that go on move together.
  private func release(_ rows: inout PassRows, layer: Int) {
    let hidden = model.configuration.hidden
    let states = residual.base
    let kept = rows.release(layer: layer) { flow, position, row in
      flow.park(layer: layer, position: position, hidden: states + row * hidden)
    }
    guard let kept else { return }
    // Ascending, so that no row is overwritten before it has moved.
    for (row, before) in kept.enumerated() where row != before {
      (states + row * hidden).update(from: states + before * hidden, count: hidden)
    }
  }

  private func reserve(_ rows: Int) {
    let sizes = model.configuration
    let hidden = padded(sizes.hidden)
    let queryWidth = sizes.queryHeads * sizes.headDim
    residual.reserve(rows * sizes.hidden)
    normed.reserve(rows: rows, width: sizes.hidden)
    queries.reserve(rows * padded(queryWidth))
    keys.reserve(rows * padded(sizes.kvHeads * sizes.headDim))
    values.reserve(rows * padded(sizes.kvHeads * sizes.headDim))
    attended.reserve(rows: rows, width: queryWidth)
    update.reserve(rows * hidden)
    gates.reserve(rows * padded(sizes.feedForward))
    ups.reserve(rows * padded(sizes.feedForward))
    gated.reserve(rows: rows, width: sizes.feedForward)
  }

  private func padded(_ width: Int) -> Int { (width + 15) / 16 * 16 }

  /// A layer's queries, keys and values of all rows, at their positions.
  private func project(_ layer: Model.Layer, _ index: Int, _ passRows: PassRows) throws -> AttentionRows {
    let rows = passRows.count
    let sizes = model.configuration
    let queryWidth = sizes.queryHeads * sizes.headDim
    let kvWidth = sizes.kvHeads * sizes.headDim
    normalise(layer.attentionNorm, rows)
    try normed.multiplyStoppable(
      [
        Product(matrix: layer.query.matrix, out: queries.base, outStride: queryWidth),
        Product(matrix: layer.key.matrix, out: keys.base, outStride: kvWidth),
        Product(matrix: layer.value.matrix, out: values.base, outStride: kvWidth),
      ], rows: rows, kernels, pool)
    addBias(layer.query.bias, queries.base, rows, queryWidth)
    addBias(layer.key.bias, keys.base, rows, kvWidth)
    addBias(layer.value.bias, values.base, rows, kvWidth)
    normaliseHeads(layer.queryNorm, queries.base, rows * sizes.queryHeads)
    normaliseHeads(layer.keyNorm, keys.base, rows * sizes.kvHeads)
    observeProjectedQueries(index, passRows, queryWidth)
    let all = AttentionRows(
      queries: queries.base, keys: keys.base, values: values.base, out: attended.floats.base, queryStride: queryWidth,
      keyStride: kvWidth, outStride: queryWidth)
    attentionObserver?(index, .projected, all)
    rotate(passRows.positions)
    attentionObserver?(index, .rotated, all)
    clock.lap(.model)
    return all
  }

  private func attend(_ layer: Model.Layer, _ index: Int, _ passRows: PassRows) throws {
    let rows = passRows.count
    let all = try project(layer, index, passRows)
    var steps: [LayerAttention.Step] = []
    for span in passRows.spans {
      let segment = span.segment
      let part = all.advanced(by: span.first)
      if segment.endsPrefill == nil, segment.tokens.count == 1 {
        let cache = segment.cache.layers[index]
        // Tokens that came back stand before the new one, each behind those before it.
        for row in 0..<span.count - 1 {
          let position = passRows.positions[span.first + row]
          try attention.attendSteps([.init(cache: cache, position: position, rows: part.advanced(by: row))], &scratch)
          try attention.finishStep([cache], &scratch)
        }
        steps.append(
          .init(cache: cache, position: segment.position, rows: part.advanced(by: span.count - 1)))
      } else {
        try attention.attend(segment, layer: index, part, positions: passRows.positions(span), &scratch)
        if segment.endsPrefill == true { segment.cache.noteBytes(layer: index) }
      }
    }
    if !steps.isEmpty {
      try attention.attendSteps(steps, &scratch)
      let spans = passRows.spans
      for (span, step) in zip(spans.lazy.filter { $0.segment.endsPrefill == nil }, steps)
      where span.segment.cache.flow != nil {
        try attention.observe(
          span.segment.cache, layer: index, step.rows, positions: [step.position], &scratch)
      }
      try attention.finishStep(steps.map(\.cache), &scratch, packsLater: true)
    }
    clock.lap(.attention)
    attentionObserver?(index, .attended, all)
    try attended.multiplyStoppable(
      [Product(matrix: layer.attentionOutput.matrix, out: update.base, outStride: model.configuration.hidden)],
      rows: rows, kernels, pool)
    addBias(layer.attentionOutput.bias, update.base, rows, model.configuration.hidden)
    try addUpdate(rows)
  }

  private func feedForward(_ layer: Model.Layer, _ rows: Int) throws {
    let sizes = model.configuration
    normalise(layer.feedForwardNorm, rows)
    try normed.multiplyStoppable(
      [
        Product(matrix: layer.gate.matrix, out: gates.base, outStride: sizes.feedForward),
        Product(matrix: layer.up.matrix, out: ups.base, outStride: sizes.feedForward),
      ], rows: rows, kernels, pool)
    addBias(layer.gate.bias, gates.base, rows, sizes.feedForward)
    addBias(layer.up.bias, ups.base, rows, sizes.feedForward)
    pool.run(over: rows, grain: 4) { range in
      let first = range.lowerBound * sizes.feedForward
      kernels.gate(
        gates.base + first, ups.base + first, range.count * sizes.feedForward, gated.floats.base + first)
    }
    try gated.multiplyStoppable(
      [Product(matrix: layer.down.matrix, out: update.base, outStride: sizes.hidden)], rows: rows, kernels, pool)
    addBias(layer.down.bias, update.base, rows, sizes.hidden)
    try addUpdate(rows)
  }

  private func normalise(_ weight: AlignedBuffer<Float>, _ rows: Int) {
    let hidden = model.configuration.hidden
    pool.run(over: rows, grain: 8) { range in
      kernels.normaliseRootMeanSquare(
        residual.base + range.lowerBound * hidden, weight.base, model.configuration.normEpsilon, range.count, hidden,
        normed.floats.base + range.lowerBound * hidden)
    }
  }

  /// Adds a bias [width] to every row, if there is one.
  private func addBias(_ bias: AlignedBuffer<Float>?, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ width: Int) {
    guard let bias else { return }
    pool.run(over: rows, grain: 16) { range in
      for row in range { kernels.add(out + row * width, bias.base, width) }
    }
  }

  /// Normalises every head's vector on its own, in place, if the family does.
  private func normaliseHeads(_ weight: AlignedBuffer<Float>?, _ heads: UnsafeMutablePointer<Float>, _ count: Int) {
    guard let weight else { return }
    let headDim = model.configuration.headDim
    pool.run(over: count, grain: 32) { range in
      let first = heads + range.lowerBound * headDim
      kernels.normaliseRootMeanSquare(
        first, weight.base, model.configuration.normEpsilon, range.count, headDim, first)
    }
  }

  private func addUpdate(_ rows: Int) throws {
    let hidden = model.configuration.hidden
    if let rank {
      return try rank.group.addSum(of: update.base, rows * hidden, rank: rank.number, to: residual.base, kernels)
    }
    pool.run(over: rows, grain: 16) { range in
      kernels.add(
        residual.base + range.lowerBound * hidden, update.base + range.lowerBound * hidden, range.count * hidden)
    }
  }

  /// Shows the prompts' queries, before they turn, to methods that ask for their moments.
  private func observeProjectedQueries(_ layer: Int, _ passRows: PassRows, _ queryWidth: Int) {
    for span in passRows.spans where span.segment.endsPrefill != nil {
      span.segment.cache.layers[layer].observeProjectedQueries(
        queries.base + span.first * queryWidth, stride: queryWidth, tokens: span.count)
    }
  }

  /// Turns queries and keys to their positions.
  private func rotate(_ positions: [Int]) {
    let sizes = model.configuration
    pool.run(over: positions.count, grain: 16) { range in
      for row in range {
        for head in 0..<sizes.queryHeads {
          model.rotary.place(
            queries.base + (row * sizes.queryHeads + head) * sizes.headDim, at: positions[row])
        }
        for head in 0..<sizes.kvHeads {
          model.rotary.place(keys.base + (row * sizes.kvHeads + head) * sizes.headDim, at: positions[row])
        }
      }
    }
  }

  /// Next-token logits of the given rows of the last pass: row i of the result is [vocabulary], `logitStride` apart.
  ///
  /// Valid until the next call.
  public func logits(rows: [Int]) -> UnsafePointer<Float> {
    let hidden = model.configuration.hidden
    clock.start()
    defer { clock.lap(.model) }
    selected.reserve(rows: rows.count, width: hidden)
    logitRows.reserve(rows.count * logitStride)
    pool.run(over: rows.count, grain: 8) { range in
      for index in range {
        kernels.normaliseRootMeanSquare(
          residual.base + rows[index] * hidden, model.outputNorm.base, model.configuration.normEpsilon, 1, hidden,
          selected.floats.base + index * hidden)
      }
    }
    selected.multiply(
      [Product(matrix: model.output, out: logitRows.base, outStride: logitStride)], rows: rows.count, kernels, pool)
    return UnsafePointer(logitRows.base)
  }

  /// Elements from one row of logits to the next.
  public var logitStride: Int { padded(model.configuration.vocabulary) }
}
