import KernelABI

/// What a method may see of the slots of one head, or of all heads that share one table; valid during the call that it is
/// handed to, so that looking counts no references.
public struct HeadView {
  /// The KV heads that the table serves.
  public let heads: Range<Int>
  /// Tokens of the text so far.
  public let seenTokens: Int
  private let slots: Slots
  private let cache: Uncounted<LayerCache>?

  private enum Slots {
    case table(Uncounted<PositionTable>)
    /// In tests of policies that look at positions alone.
    case given(positions: [Int32], columnSums: [Float])
  }

  init(_ table: Uncounted<PositionTable>, of cache: LayerCache, heads: Range<Int>) {
    slots = .table(table)
    self.cache = Uncounted(cache)
    seenTokens = cache.seenTokens
    self.heads = heads
  }

  init(positions: [Int32], columnSums: [Float], seenTokens: Int) {
    slots = .given(positions: positions, columnSums: columnSums)
    cache = nil
    self.seenTokens = seenTokens
    heads = 0..<1
  }

  /// The first KV head of the table.
  public var head: Int { heads.lowerBound }

  /// Position of each slot.
  public var positions: [Int32] {
    switch slots {
    case .table(let table): table.with { $0.positions }
    case .given(let positions, _): positions
    }
  }

  /// The same for the length of a call.
  func withPositions<Result>(_ body: (UnsafeBufferPointer<Int32>) -> Result) -> Result {
    switch slots {
    case .table(let table): table.with { $0.positions.withUnsafeBufferPointer(body) }
    case .given(let positions, _): positions.withUnsafeBufferPointer(body)
    }
  }

  /// Column sums [slots] of the prompt, if asked for; empty otherwise.
  public var columnSums: [Float] {
    switch slots {
    case .table(let table): table.with { $0.columnSums }
    case .given(_, let sums): sums
    }
  }

  /// The layer it belongs to; nil in tests of policies that look at positions alone.
  var layer: LayerCache? { cache?.counted }

  /// Slots held.
  public var count: Int {
    switch slots {
    case .table(let table): table.with { $0.positions.count }
    case .given(let positions, _): positions.count
    }
  }

  /// Channels of a key or value.
  public var headDim: Int { layer?.shape.headDim ?? 1 }

  /// A KV head's keys, turned to their positions, as rows.
  func keys(head: Int) -> [Float] {  // [slots, headDim]
    rows { $0.store.keyRows(head: head, tokens: 0..<count, into: $1) }
  }

  /// A KV head's values as rows.
  func values(head: Int) -> [Float] {  // [slots, headDim]
    rows { $0.store.valueRows(head: head, tokens: 0..<count, into: $1) }
  }

  private func rows(_ read: (LayerCache, UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    guard let layer, count > 0 else { return [] }
    let numbers = count * layer.shape.headDim
    return [Float](unsafeUninitializedCapacity: numbers) { buffer, initialised in
      if let base = buffer.baseAddress { read(layer, base) }
      initialised = numbers
    }
  }

  /// Hands over the attention weights [slots] of the prompt's last queries over all keys held, one KV head's, row by row:
  /// token by token from the oldest, within a token by query head of the group.
  ///
  /// Recomputed from the queries and keys, since tiled attention keeps no weights; keys behind a query weigh 0.
  func windowWeights(
    head: Int, _ body: (_ token: Int, _ groupHead: Int, _ weights: UnsafeMutablePointer<Float>) -> Void
  ) {
    guard let layer, let window = layer.promptWindow, count > 0, window.count > 0 else { return }
    let (shape, kernels, positions) = (layer.shape, layer.kernels, positions)
    let queries = window.queries(head: head, shape: shape)
    let rows = window.count * shape.groupHeads
    let stride = (count + 63) / 32 * 32
    let firstQuery = seenTokens - window.count
    let hidden = WindowMask(layer, head: head)
    withKernelScratch(of: Float.self, capacity: rows * stride) { area in
      guard let lines = area.baseAddress else { return }
      queries.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        layer.store.scores(
          head: head, queries: source, rows: rows, tokens: 0..<count, out: lines, outStride: stride)
      }
      // Slots of a prompt ascend by position, so those a query may see come first.
      var visible = count
      for row in (0..<rows).reversed() {
        let position = Int32(truncatingIfNeeded: firstQuery + row / shape.groupHeads)
        while visible > 0, positions[visible - 1] > position { visible -= 1 }
        let line = lines + row * stride
        hidden?.fill(line, 0..<visible, query: Int(position), with: WindowMask.hiddenScore)
        let maximum = kernels.maximum(line, visible)
        let total = kernels.exponentiate(line, visible, maximum)
        hidden?.fill(line, 0..<visible, query: Int(position), with: 0)
        kernels.scale(line, 1 / total, visible)
        for slot in visible..<count { line[slot] = 0 }
      }
      for row in 0..<rows { body(row / shape.groupHeads, row % shape.groupHeads, lines + row * stride) }
    }
  }
}
