import KernelABI

/// Runs windows through an encoder, one behind the other without padding, in memory that it keeps between batches.
struct EncoderPass {
  let encoder: SentenceEncoder
  private var attention: EncoderAttention
  private var states = Activations()  // [rows, hidden]
  private var queries = GrowingBuffer<Float>()  // [rows, hidden]
  private var keys = GrowingBuffer<Float>()  // [rows, hidden]
  private var values = GrowingBuffer<Float>()  // [rows, hidden]
  private var attended = Activations()  // [rows, hidden]
  private var update = GrowingBuffer<Float>()  // [rows, hidden]
  private var raised = Activations()  // [rows, feedForward]

  init(encoder: SentenceEncoder) {
    self.encoder = encoder
    attention = EncoderAttention(settings: encoder.settings, kernels: encoder.kernels, pool: encoder.pool)
  }

  private var hidden: Int { encoder.settings.hidden }
  private var kernels: KernelTable { encoder.kernels }
  private var pool: WorkerPool { encoder.pool }

  /// One embedding a window.
  ///
  /// - Throws: `RuntimeProblem` K651 if a number is not finite; `CancellationError`.
  mutating func run(_ windows: [ArraySlice<Int32>]) throws -> [[Float]] {
    var spans: [Range<Int>] = []  // rows of each window
    var rows = 0
    for window in windows {
      spans.append(rows..<rows + window.count)
      rows += window.count
    }
    reserve(rows)
    embed(windows, spans)
    for layer in encoder.layers { try run(layer, spans, rows) }
    return try spans.map(pooled)
  }

  private mutating func reserve(_ rows: Int) {
    states.reserve(rows: rows, width: hidden)
    queries.reserve(rows * hidden)
    keys.reserve(rows * hidden)
    values.reserve(rows * hidden)
    attended.reserve(rows: rows, width: hidden)
    update.reserve(rows * hidden)
    raised.reserve(rows: rows, width: encoder.settings.feedForward)
  }

  /// Token, position and first type together, normalised.
  private func embed(_ windows: [ArraySlice<Int32>], _ spans: [Range<Int>]) {
    let (target, hidden) = (states.floats, hidden)
    pool.run(over: windows.count, grain: 1) { range in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: hidden) { scratch in
        guard let row = scratch.baseAddress else { return }
        for place in range {
          for (position, token) in windows[place].enumerated() {
            let state = target + (spans[place].lowerBound + position) * hidden
            encoder.tokens.copyRow(Int(token), into: state)
            encoder.positions.copyRow(position, into: row)
            kernels.add(state, row, hidden)
            encoder.types.copyRow(0, into: row)
            kernels.add(state, row, hidden)
            normalise(state, encoder.embeddingNorm)
          }
        }
      }
    }
  }

  private mutating func run(_ layer: EncoderLayer, _ spans: [Range<Int>], _ rows: Int) throws {
    let (hidden, feedForward) = (hidden, encoder.settings.feedForward)
    try states.placed.multiplyStoppable(
      Product(matrix: layer.query.matrix.placed, out: queries.base, outStride: hidden),
      Product(matrix: layer.key.matrix.placed, out: keys.base, outStride: hidden),
      Product(matrix: layer.value.matrix.placed, out: values.base, outStride: hidden), rows: rows, kernels, pool)
    pool.run(over: rows, grain: 16) { range in
      for row in range {
        kernels.add(queries.base + row * hidden, layer.query.bias.base, hidden)
        kernels.add(keys.base + row * hidden, layer.key.bias.base, hidden)
        kernels.add(values.base + row * hidden, layer.value.bias.base, hidden)
      }
    }
    attention.attend(
      spans, queries: queries.base, keys: keys.base, values: values.base, out: attended.floats)
    try attended.placed.multiplyStoppable(
      Product(matrix: layer.attentionOutput.matrix.placed, out: update.base, outStride: hidden), rows: rows, kernels,
      pool)
    addUpdate(layer.attentionOutput.bias, layer.attentionNorm, rows)
    try states.placed.multiplyStoppable(
      Product(matrix: layer.up.matrix.placed, out: raised.floats, outStride: feedForward), rows: rows, kernels,
      pool)
    pool.run(over: rows, grain: 4) { range in
      for row in range {
        let numbers = raised.floats + row * feedForward
        kernels.add(numbers, layer.up.bias.base, feedForward)
        kernels.tensors.unary(.gaussianGate, numbers, feedForward, numbers)
      }
    }
    try raised.placed.multiplyStoppable(
      Product(matrix: layer.down.matrix.placed, out: update.base, outStride: hidden), rows: rows, kernels, pool)
    addUpdate(layer.down.bias, layer.outputNorm, rows)
  }

  /// states = norm(states + update + bias), row by row.
  private func addUpdate(_ bias: AlignedBuffer<Float>, _ norm: EncoderLayer.Norm, _ rows: Int) {
    let hidden = hidden
    pool.run(over: rows, grain: 8) { range in
      for row in range {
        let state = states.floats + row * hidden
        kernels.add(state, update.base + row * hidden, hidden)
        kernels.add(state, bias.base, hidden)
        normalise(state, norm)
      }
    }
  }

  /// x = (x - mean) / sqrt(variance + epsilon) * weight + bias, in place; x [hidden].
  private func normalise(_ x: UnsafeMutablePointer<Float>, _ norm: EncoderLayer.Norm) {
    let tensors = kernels.tensors
    var mean = Float(tensors.fold(.sum, x, hidden) / Double(hidden))
    tensors.binary(.subtract, x, 1, &mean, 0, hidden, x)
    let variance = tensors.fold(.sumOfSquares, x, hidden) / Double(hidden)
    kernels.scale(x, Float(1 / (variance + Double(encoder.settings.normEpsilon)).squareRoot()), hidden)
    tensors.binary(.multiply, x, 1, norm.weight.base, 1, hidden, x)
    kernels.add(x, norm.bias.base, hidden)
  }

  /// Mean of a window's states, of unit length.
  private func pooled(_ span: Range<Int>) throws -> [Float] {
    var sum = [Float](repeating: 0, count: hidden)
    sum.withUnsafeMutableBufferPointer { sum in
      guard let base = sum.baseAddress else { return }
      for row in span { kernels.add(base, states.floats + row * hidden, hidden) }
    }
    let mean = sum.map { Double($0) / Double(span.count) }
    let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length.isFinite else {
      throw RuntimeProblem(
        EncoderProblems.notFinite, seen: "\(encoder.name) gives a text an embedding that is not finite",
        expected: "finite weights",
        suggestion: "remove the encoder's folder and run scripts/setup to fetch it again")
    }
    return mean.map { Float($0 / max(length, 1e-12)) }
  }
}
