import KernelABI

/// Runs segments of many sequences through the model, layer by layer, in memory that it keeps between passes.
///
/// Rows of unequal segments lie one behind the other without padding. Owned and used by one engine.
public final class ForwardPass {
  public let model: Model
  let kernels: KernelTable
  let pool: WorkerPool
  private let attention: LayerAttention
  private var residual = GrowingBuffer<Float>()  // [rows, hidden]
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
  /// Sees the residual stream [rows, hidden] after the embedding (0) and after each layer; for tests and inspection.
  var observer: ((_ layersDone: Int, _ residual: UnsafePointer<Float>, _ rows: Int) -> Void)?

  public init(model: Model, kernels: KernelTable, pool: WorkerPool) {
    self.model = model
    self.kernels = kernels
    self.pool = pool
    attention = LayerAttention(kernels: kernels, pool: pool, rotary: model.rotary)
  }

  /// A cache for one sequence of this model.
  public func makeCache(_ compressor: Compressor) throws -> SequenceCache {
    try SequenceCache(compressor, shape: model.cacheShape, kernels: kernels, rotary: model.rotary)
  }

  /// Runs the segments; their caches grow by their tokens. Afterwards `logits` reads the rows of this pass.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a score is not finite. The caches are then unusable.
  public func run(_ segments: [Segment], _ cancellation: Cancellation? = nil) throws {
    let rows = segments.reduce(0) { $0 + $1.tokens.count }
    guard rows > 0 else { return }
    reserve(rows)
    var row = 0
    for segment in segments {
      for token in segment.tokens {
        model.embedding.copyRow(Int(token), into: residual.base + row * model.configuration.hidden)
        row += 1
      }
    }
    observer?(0, residual.base, rows)
    for (index, layer) in model.layers.enumerated() {
      try cancellation?.check()
      try attend(layer, index, segments, rows)
      feedForward(layer, rows)
      observer?(index + 1, residual.base, rows)
    }
    for segment in segments {
      segment.cache.seenTokens += segment.tokens.count
      if segment.endsPrefill == nil { segment.cache.noteStep() }
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

  private func attend(_ layer: Model.Layer, _ index: Int, _ segments: [Segment], _ rows: Int) throws {
    let sizes = model.configuration
    let queryWidth = sizes.queryHeads * sizes.headDim
    let kvWidth = sizes.kvHeads * sizes.headDim
    normalise(layer.attentionNorm, rows)
    normed.multiply(
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
    observeProjectedQueries(index, segments, queryWidth)
    rotate(segments, rows)
    let all = AttentionRows(
      queries: queries.base, keys: keys.base, values: values.base, out: attended.floats.base, queryStride: queryWidth,
      keyStride: kvWidth, outStride: queryWidth)
    var row = 0
    var steps: [LayerAttention.Step] = []
    for segment in segments {
      let part = all.advanced(by: row)
      row += segment.tokens.count
      if segment.endsPrefill == nil, segment.tokens.count == 1 {
        steps.append(.init(cache: segment.cache.layers[index], position: segment.position, rows: part))
      } else {
        try attention.attend(segment, layer: index, part, &scratch)
        if segment.endsPrefill == true { segment.cache.noteBytes(layer: index) }
      }
    }
    if !steps.isEmpty {
      try attention.attendSteps(steps, &scratch)
      try attention.finishStep(steps.map(\.cache), &scratch)
    }
    attended.multiply(
      [Product(matrix: layer.attentionOutput.matrix, out: update.base, outStride: sizes.hidden)], rows: rows, kernels,
      pool)
    addBias(layer.attentionOutput.bias, update.base, rows, sizes.hidden)
    addUpdate(rows)
  }

  private func feedForward(_ layer: Model.Layer, _ rows: Int) {
    let sizes = model.configuration
    normalise(layer.feedForwardNorm, rows)
    normed.multiply(
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
    gated.multiply(
      [Product(matrix: layer.down.matrix, out: update.base, outStride: sizes.hidden)], rows: rows, kernels, pool)
    addBias(layer.down.bias, update.base, rows, sizes.hidden)
    addUpdate(rows)
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

  private func addUpdate(_ rows: Int) {
    let hidden = model.configuration.hidden
    pool.run(over: rows, grain: 16) { range in
      kernels.add(
        residual.base + range.lowerBound * hidden, update.base + range.lowerBound * hidden, range.count * hidden)
    }
  }

  /// Shows the prompts' queries, before they turn, to methods that ask for their moments.
  private func observeProjectedQueries(_ layer: Int, _ segments: [Segment], _ queryWidth: Int) {
    var row = 0
    for segment in segments {
      if segment.endsPrefill != nil {
        segment.cache.layers[layer].observeProjectedQueries(
          queries.base + row * queryWidth, stride: queryWidth, tokens: segment.tokens.count)
      }
      row += segment.tokens.count
    }
  }

  /// Turns queries and keys to their positions.
  private func rotate(_ segments: [Segment], _ rows: Int) {
    let sizes = model.configuration
    var positions: [Int] = []
    positions.reserveCapacity(rows)
    for segment in segments { positions.append(contentsOf: segment.position..<segment.position + segment.tokens.count) }
    pool.run(over: rows, grain: 16) { range in
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
