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
  /// The rows of the pass under way, or memory for those of the next.
  private var passRows = PassRows()
  /// Memory for the segments of the next step.
  private var steps: [Segment] = []
  private let sizes: PassSizes
  /// The model's output matrix.
  private let output: PlacedMatrix
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
    sizes = PassSizes(model.configuration)
    output = model.output.placed
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

  /// Runs the next token of each of `count` sequences, in memory that goes from step to step.
  public func runSteps(
    _ count: Int, _ cancellation: Cancellation? = nil, _ next: (Int) -> (token: Int32, cache: SequenceCache)
  ) throws {
    var segments: [Segment] = []
    swap(&segments, &steps)
    defer {
      segments.removeAll(keepingCapacity: true)
      swap(&segments, &steps)
    }
    for index in 0..<count {
      let (token, cache) = next(index)
      segments.append(.step(token, of: cache))
    }
    try run(segments, cancellation)
  }

  /// This rank's part, or all of it if there are no others.
  func runAlone(_ segments: [Segment], _ cancellation: Cancellation?) throws {
    // Passes make no memory of their own: the rows' goes from one to the next.
    var rows = PassRows()
    swap(&rows, &passRows)
    defer { swap(&rows, &passRows) }
    rows.begin(segments)
    guard rows.count > 0 else { return }
    clock.start()
    embed(segments, rows.count)
    if rows.flows { beginFlows(segments) }
    scratch.packLater.removeAll(keepingCapacity: true)
    for index in 0..<model.placedLayers.count {
      try cancellation?.check()
      if let sources = rows.admit(layer: index) { join(sources, rows, layer: index) }
      try layerPass(index, rows, segments)
      observer?(index + 1, residual.base, rows.count)
      release(&rows, layer: index)
    }
    clock.lap(.model)
    attention.packLater(&scratch)
    lastRows.removeAll(keepingCapacity: true)
    for number in rows.spans.indices {
      let span = rows.spans[number]
      lastRows.append(span.first + span.count - 1)
      span.cache.with { $0.note(tokens: segments[number].count, isStep: span.isStep) }
    }
  }

  private func beginFlows(_ segments: [Segment]) {
    for segment in segments {
      guard let flow = segment.cache.flow else { continue }
      precondition(segment.endsPrefill != false, "a prompt whose tokens leave between layers comes whole")
      flow.begin(segment.position..<segment.position + segment.count)
    }
  }

  /// One layer of all rows; once the pool's work is to end, what stopped work left behind is no problem of its own.
  private func layerPass(_ index: Int, _ rows: PassRows, _ segments: [Segment]) throws {
    let layer = model.placedLayers.base[index]
    do {
      try attend(layer, index, rows, segments)
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
    var rows = PassRows()
    rows.begin(segments)
    embed(segments, rows.count)
    for index in 0..<layer {
      try cancellation?.check()
      try attend(model.placedLayers.base[index], index, rows, segments)
      cache.release(layer: index)
      try feedForward(model.placedLayers.base[index], rows.count)
    }
    try cancellation?.check()
    return try read(try project(model.placedLayers.base[layer], layer, rows))
  }

  /// The row of each segment's newest token in the last pass, in the order of the segments.
  private(set) var lastRows: [Int] = []

  /// Puts the tokens of all segments one behind the other.
  private func embed(_ segments: [Segment], _ rows: Int) {
    reserve(rows)
    var row = 0
    for segment in segments {
      for index in 0..<segment.count {
        model.embedding.copyRow(Int(segment.token(index)), into: residual.base + row * sizes.hidden)
        row += 1
      }
    }
    observer?(0, residual.base, rows)
  }

  /// Brings the hidden states of tokens that come back between those that go on.
  private func join(_ sources: [PassRows.Source], _ rows: PassRows, layer: Int) {
    let hidden = sizes.hidden
    joined.reserve(rows.count * hidden)
    for (row, source) in sources.enumerated() {
      let target = joined.base + row * hidden
      switch source {
      case .row(let before): target.update(from: residual.base + before * hidden, count: hidden)
      case .waiting(let span, let position):
        rows.spans[span].cache.with { $0.flow?.take(layer: layer, position: position, into: target) }
      }
    }
    swap(&residual, &joined)
    reserve(rows.count)
  }

  /// Lets tokens leave behind a layer; the rows that go on move together.
  private func release(_ rows: inout PassRows, layer: Int) {
    let hidden = sizes.hidden
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
    residual.reserve(rows * sizes.hidden)
    normed.reserve(rows: rows, width: sizes.hidden)
    queries.reserve(rows * padded(sizes.queryWidth))
    keys.reserve(rows * padded(sizes.kvWidth))
    values.reserve(rows * padded(sizes.kvWidth))
    attended.reserve(rows: rows, width: sizes.queryWidth)
    update.reserve(rows * padded(sizes.hidden))
    gates.reserve(rows * padded(sizes.feedForward))
    ups.reserve(rows * padded(sizes.feedForward))
    gated.reserve(rows: rows, width: sizes.feedForward)
  }

  private func padded(_ width: Int) -> Int { (width + 15) / 16 * 16 }

  /// A layer's queries, keys and values of all rows, at their positions.
  private func project(_ layer: PlacedLayer, _ index: Int, _ passRows: PassRows) throws -> AttentionRows {
    let rows = passRows.count
    normalise(residual.base, layer.attentionNorm, rows, sizes.hidden, normed.floats)
    try normed.placed.multiplyStoppable(
      Product(matrix: layer.query.matrix, out: queries.base, outStride: sizes.queryWidth),
      Product(matrix: layer.key.matrix, out: keys.base, outStride: sizes.kvWidth),
      Product(matrix: layer.value.matrix, out: values.base, outStride: sizes.kvWidth), rows: rows, kernels, pool)
    addBias(layer.query.bias, queries.base, rows, sizes.queryWidth)
    addBias(layer.key.bias, keys.base, rows, sizes.kvWidth)
    addBias(layer.value.bias, values.base, rows, sizes.kvWidth)
    // Every head's vector on its own, if the family does.
    if let norm = layer.queryNorm {
      normalise(queries.base, norm, rows * sizes.queryHeads, sizes.headDim, queries.base)
    }
    if let norm = layer.keyNorm { normalise(keys.base, norm, rows * sizes.kvHeads, sizes.headDim, keys.base) }
    observeProjectedQueries(index, passRows)
    let all = AttentionRows(
      queries: queries.base, keys: keys.base, values: values.base, out: attended.floats,
      queryStride: sizes.queryWidth, keyStride: sizes.kvWidth, outStride: sizes.queryWidth)
    attentionObserver?(index, .projected, all)
    rotate(passRows)
    attentionObserver?(index, .rotated, all)
    clock.lap(.model)
    return all
  }

  private func attend(_ layer: PlacedLayer, _ index: Int, _ passRows: PassRows, _ segments: [Segment]) throws {
    let rows = passRows.count
    let all = try project(layer, index, passRows)
    scratch.steps.reserve(passRows.spans.count)
    var count = 0
    for number in passRows.spans.indices {
      let span = passRows.spans[number]
      let part = all.advanced(by: span.first)
      guard span.isStep else {
        try attention.attend(segments[number], layer: index, part, positions: passRows.positions(span), &scratch)
        if segments[number].endsPrefill == true { segments[number].cache.noteBytes(layer: index) }
        continue
      }
      let cache = span.cache.with { $0.layer(index) }
      // Tokens that came back stand before the new one, each behind those before it.
      for row in 0..<span.count - 1 {
        let position = passRows.positions[span.first + row]
        try attention.step(.init(cache: cache, position: position, rows: part.advanced(by: row)), &scratch)
      }
      scratch.steps.base[count] = .init(
        cache: cache, position: span.position, rows: part.advanced(by: span.count - 1))
      count += 1
    }
    if count > 0 {
      let steps = UnsafeBufferPointer(start: UnsafePointer(scratch.steps.base), count: count)
      try attention.attendSteps(steps, &scratch)
      if passRows.flows { try observeFlows(index, passRows, steps) }
      try attention.finishSteps(steps, &scratch, packsLater: true)
    }
    clock.lap(.attention)
    attentionObserver?(index, .attended, all)
    try attended.placed.multiplyStoppable(
      Product(matrix: layer.attentionOutput.matrix, out: update.base, outStride: sizes.hidden), rows: rows, kernels,
      pool)
    addBias(layer.attentionOutput.bias, update.base, rows, sizes.hidden)
    try addUpdate(rows)
  }

  /// Lets the flows of decoding sequences see how their newest tokens weigh the others.
  private func observeFlows(
    _ layer: Int, _ passRows: PassRows, _ steps: UnsafeBufferPointer<LayerAttention.Step>
  ) throws {
    for (span, step) in zip(passRows.spans.lazy.filter(\.isStep), steps) {
      try span.cache.with {
        try attention.observe($0, layer: layer, step.rows, positions: [step.position], &scratch)
      }
    }
  }

  private func feedForward(_ layer: PlacedLayer, _ rows: Int) throws {
    normalise(residual.base, layer.feedForwardNorm, rows, sizes.hidden, normed.floats)
    try normed.placed.multiplyStoppable(
      Product(matrix: layer.gate.matrix, out: gates.base, outStride: sizes.feedForward),
      Product(matrix: layer.up.matrix, out: ups.base, outStride: sizes.feedForward), rows: rows, kernels, pool)
    addBias(layer.gate.bias, gates.base, rows, sizes.feedForward)
    addBias(layer.up.bias, ups.base, rows, sizes.feedForward)
    pool.run(
      over: rows, grain: 4,
      GatingRows(
        kernels: Uncounted(kernels), gates: gates.base, ups: ups.base, width: sizes.feedForward,
        out: gated.floats))
    try gated.placed.multiplyStoppable(
      Product(matrix: layer.down.matrix, out: update.base, outStride: sizes.hidden), rows: rows, kernels, pool)
    addBias(layer.down.bias, update.base, rows, sizes.hidden)
    try addUpdate(rows)
  }

  private func normalise(
    _ vectors: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ count: Int, _ width: Int,
    _ out: UnsafeMutablePointer<Float>
  ) {
    pool.run(
      over: count, grain: max(1, 4_608 / width),
      NormalisingRows(
        kernels: Uncounted(kernels), vectors: vectors, weight: weight, epsilon: sizes.normEpsilon, width: width,
        out: out))
  }

  /// Adds a bias [width] to every row, if there is one.
  private func addBias(_ bias: UnsafePointer<Float>?, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ width: Int) {
    guard let bias else { return }
    pool.run(over: rows, grain: 16, AddingBias(kernels: Uncounted(kernels), rows: out, bias: bias, width: width))
  }

  private func addUpdate(_ rows: Int) throws {
    if let rank {
      return try rank.group.addSum(of: update.base, rows * sizes.hidden, rank: rank.number, to: residual.base, kernels)
    }
    pool.run(
      over: rows, grain: 16,
      AddingRows(kernels: Uncounted(kernels), rows: residual.base, others: update.base, width: sizes.hidden))
  }

  /// Shows the prompts' queries, before they turn, to methods that ask for their moments.
  private func observeProjectedQueries(_ layer: Int, _ passRows: PassRows) {
    for number in passRows.spans.indices where !passRows.spans[number].isStep {
      let span = passRows.spans[number]
      span.cache.with {
        $0.layers[layer].observeProjectedQueries(
          queries.base + span.first * sizes.queryWidth, stride: sizes.queryWidth, tokens: span.count)
      }
    }
  }

  /// Turns queries and keys to their positions.
  private func rotate(_ rows: PassRows) {
    rows.positions.withUnsafeBufferPointer { positions in
      guard let places = positions.baseAddress else { return }
      pool.run(
        over: positions.count, grain: 16,
        RotatingRows(
          rotary: Uncounted(model.rotary), positions: places, queries: queries.base, keys: keys.base, sizes: sizes))
    }
  }

  /// Next-token logits of the given rows of the last pass: row i of the result is [vocabulary], `logitStride` apart.
  ///
  /// Valid until the next call.
  public func logits(rows: [Int]) -> UnsafePointer<Float> {
    clock.start()
    defer { clock.lap(.model) }
    selected.reserve(rows: rows.count, width: sizes.hidden)
    logitRows.reserve(rows.count * logitStride)
    for index in rows.indices {
      (selected.floats + index * sizes.hidden)
        .update(from: residual.base + rows[index] * sizes.hidden, count: sizes.hidden)
    }
    normalise(
      selected.floats, UnsafePointer(model.outputNorm.base), rows.count, sizes.hidden, selected.floats)
    selected.placed.multiply(
      Product(matrix: output, out: logitRows.base, outStride: logitStride), rows: rows.count, kernels, pool)
    return UnsafePointer(logitRows.base)
  }

  /// Elements from one row of logits to the next.
  public var logitStride: Int { padded(sizes.vocabulary) }
}
