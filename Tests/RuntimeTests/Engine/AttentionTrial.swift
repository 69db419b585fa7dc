import KernelABI

@testable import Runtime

/// Attention of one layer over random keys, values and queries, and the same in plain double precision.
struct AttentionTrial {
  let shape: CacheShape
  let cache: SequenceCache
  let rotary: RotaryTable
  let attention: LayerAttention
  private(set) var numbers: SeededNumbers
  private var scratch = AttentionScratch()
  /// Keys as they were appended, rotated at their positions: [head][position][headDim].
  private(set) var keys: [[[Float]]]
  private var seen = 0

  /// What attention has moved, if it is told to count.
  var traffic: TrafficCount { attention.traffic }

  var layer: LayerCache { cache.layers[0] }

  init(
    _ compressor: Compressor = .none, kvHeads: Int = 2, groupHeads: Int = 3, headDim: Int = 64,
    element: FloatElement = .float32, window: Int? = nil, threads: Int = 2, set: InstructionSet? = nil,
    engine: AttentionEngine = .fused, memory: EngineMemory? = nil, seed: Int
  ) throws {
    var shape = CacheShape(layers: 1, kvHeads: kvHeads, groupHeads: groupHeads, headDim: headDim, element: element)
    shape.windows = [window]
    self.shape = shape
    let kernels = try (set ?? InstructionSet.chosen()).table
    cache = try SequenceCache(
      compressor, shape: shape, kernels: kernels, memory: memory ?? EngineMemory(engine, shape: shape))
    rotary = RotaryTable(RotaryTableTests.configuration(headDim: headDim, context: 4_096))
    attention = LayerAttention(kernels: kernels, pool: WorkerPool(threads: threads), rotary: rotary)
    numbers = SeededNumbers(seed)
    keys = [[[Float]]](repeating: [], count: kvHeads)
  }

  /// Random rows for some tokens.
  struct Rows {
    let queries: AlignedBuffer<Float>
    let keys: AlignedBuffer<Float>
    let values: AlignedBuffer<Float>
    let out: AlignedBuffer<Float>
    let shape: CacheShape

    init(_ tokens: Int, _ shape: CacheShape) {
      self.shape = shape
      let queryWidth = shape.kvHeads * shape.groupHeads * shape.headDim
      let keyWidth = shape.kvHeads * shape.headDim
      (queries, out) = (AlignedBuffer(count: tokens * queryWidth), AlignedBuffer(count: tokens * queryWidth))
      (keys, values) = (AlignedBuffer(count: tokens * keyWidth), AlignedBuffer(count: tokens * keyWidth))
    }

    var pointers: AttentionRows {
      let queryWidth = shape.kvHeads * shape.groupHeads * shape.headDim
      return AttentionRows(
        queries: queries.base, keys: keys.base, values: values.base, out: out.base, queryStride: queryWidth,
        keyStride: shape.kvHeads * shape.headDim, outStride: queryWidth)
    }

    func query(_ token: Int, _ queryHead: Int) -> [Double] {
      let first = (token * shape.kvHeads * shape.groupHeads + queryHead) * shape.headDim
      return (0..<shape.headDim).map { Double(queries.base[first + $0]) }
    }

    func output(_ token: Int, _ queryHead: Int) -> [Float] {
      let first = (token * shape.kvHeads * shape.groupHeads + queryHead) * shape.headDim
      return (0..<shape.headDim).map { out.base[first + $0] }
    }
  }

  mutating func draw(_ tokens: Int) -> Rows {
    let rows = Rows(tokens, shape)
    for buffer in [rows.queries, rows.keys, rows.values] {
      for index in 0..<buffer.count { buffer.base[index] = numbers.normal() }
    }
    for head in 0..<shape.kvHeads {
      for token in 0..<tokens {
        let first = (token * shape.kvHeads + head) * shape.headDim
        keys[head].append((0..<shape.headDim).map { rows.keys.base[first + $0] })
      }
    }
    return rows
  }

  /// A chunk of a prompt; the worst difference of outputs to double precision.
  mutating func prompt(_ tokens: Int, isLast: Bool = true) throws -> Double {
    let rows = draw(tokens)
    try append(rows, tokens, isLast: isLast)
    var worst = 0.0
    for token in 0..<tokens {
      worst = max(worst, difference(rows, token, position: seen - tokens + token, upTo: seen - tokens + token))
    }
    if isLast { try layer.finishPrefill() }
    return worst
  }

  /// A chunk of a prompt without looking at the outputs; `finishPrefill` is left to the caller.
  mutating func append(_ rows: Rows, _ tokens: Int, isLast: Bool) throws {
    let segment = Segment.prompt([Int32](repeating: 0, count: tokens), of: cache, isLast: false)
    try attention.attend(segment, layer: 0, rows.pointers, &scratch)
    cache.seenTokens += tokens
    seen += tokens
  }

  /// One decode step; the worst difference to double precision and the number of keys each head attended.
  mutating func step() throws -> (difference: Double, attended: [Int]) {
    let rows = draw(1)
    try attention.attendStep(of: layer, position: seen, rows.pointers, &scratch)
    cache.seenTokens += 1
    seen += 1
    let attended = (0..<shape.kvHeads).map { layer.store.count(head: $0) }
    let worst = difference(rows, 0, position: seen - 1, upTo: seen - 1)
    try layer.finishStep()
    return (worst, attended)
  }

  /// One decode step's attention, without looking at the outputs; `finishStep` is left to the caller.
  mutating func stepOnly(_ rows: Rows) throws {
    try attention.attendStep(of: layer, position: seen, rows.pointers, &scratch)
    cache.seenTokens += 1
    seen += 1
  }

  /// Softmax weights of a query over the slots whose positions are at most `limit`, in double precision.
  func weights(_ rows: Rows, _ token: Int, queryHead: Int, position: Int, upTo limit: Int) -> [Double] {
    let head = queryHead / shape.groupHeads
    let slots = layer.positions(head: head).map(Int.init)
    let stored = layer.store.decoded(head: head).keys
    let order = slots.sorted()
    var query = rows.query(token, queryHead)
    if layer.renumbers { query = rotated(query, by: (order.firstIndex(of: position) ?? 0) - position, base: 10_000) }
    let scores = slots.enumerated().map { slot, place -> Double in
      guard place <= limit, place > position - (shape.windows[0] ?? .max / 2) else { return -.infinity }
      var key = (0..<shape.headDim).map { Double(stored[slot * shape.headDim + $0]) }
      if layer.renumbers { key = rotated(key, by: (order.firstIndex(of: place) ?? 0) - place, base: 10_000) }
      return dot(query, key) / Double(shape.headDim).squareRoot()
    }
    return softmax(scores)
  }

  private func difference(_ rows: Rows, _ token: Int, position: Int, upTo limit: Int) -> Double {
    var worst = 0.0
    for queryHead in 0..<shape.kvHeads * shape.groupHeads {
      let values = layer.store.decoded(head: queryHead / shape.groupHeads).values
      let weights = weights(rows, token, queryHead: queryHead, position: position, upTo: limit)
      let expected = (0..<shape.headDim).map { channel in
        Float(
          weights.enumerated().reduce(0.0) { $0 + $1.element * Double(values[$1.offset * shape.headDim + channel]) })
      }
      worst = max(worst, largestDifference(rows.output(token, queryHead), expected))
    }
    return worst
  }

  /// Whether every slot holds the key that was appended at its position.
  func holdsItsKeys() -> Bool {
    (0..<shape.kvHeads).allSatisfy { head in
      let stored = layer.store.decoded(head: head).keys
      let positions = layer.positions(head: head)
      return positions.count == layer.store.count(head: head)
        && positions.enumerated().allSatisfy { slot, position in
          let expected = keys[head][Int(position)].map { shape.element == .float16 ? Half.round($0) : $0 }
          return Array(stored[slot * shape.headDim..<(slot + 1) * shape.headDim]) == expected
        }
    }
  }

  /// Outputs [queryHeads * headDim] of the last of some tokens over all of them.
  static func lastOutput(
    queries: [[Float]], stored: [(keys: [Float], values: [Float])], _ trial: EngineTrial
  ) throws -> [Float] {
    let shape = trial.model.cacheShape
    let width = shape.headDim
    let cache = try SequenceCache(.none, shape: shape, kernels: trial.set.table)
    let last = (stored.first?.keys.count ?? 0) / width - 1
    let rows = Rows(1, shape)
    for (head, part) in stored.enumerated() {
      cache.layers[0].store.append(head: head, keys: part.keys, values: part.values, stride: width, tokens: last)
      for channel in 0..<width {
        rows.keys.base[head * width + channel] = part.keys[last * width + channel]
        rows.values.base[head * width + channel] = part.values[last * width + channel]
      }
    }
    for (head, query) in queries.enumerated() {
      for channel in 0..<width { rows.queries.base[head * width + channel] = query[last * width + channel] }
    }
    cache.layers[0].extend(by: last)
    let attention = LayerAttention(kernels: trial.set.table, pool: trial.pool, rotary: trial.model.rotary)
    var scratch = AttentionScratch()
    try attention.attendStep(of: cache.layers[0], position: last, rows.pointers, &scratch)
    return (0..<queries.count).flatMap { rows.output(0, $0) }
  }
}

extension LayerAttention {
  /// The attention of one sequence's step, without its end.
  func attendStep(
    of cache: LayerCache, position: Int, _ rows: AttentionRows, _ scratch: inout AttentionScratch
  ) throws {
    try withExtendedLifetime(cache) {
      try [Step(cache: Uncounted(cache), position: position, rows: rows)].withUnsafeBufferPointer {
        try attendSteps($0, &scratch)
      }
    }
  }
}
