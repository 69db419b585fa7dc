import KernelABI

/// Merges the caches of neighbouring layers in pairs from a depth on (sheet minicache).
struct LayerPairs: SharePolicy {
  /// First merged depth as a share of the layers.
  let start: Double
  let merge: DirectionMerge
  let retention: RetentionRule
  /// The newest tokens stay unmerged until there are so many; 0 merges every token.
  let residual: Int
  /// Bits of the directions; 16 for the cache's own element.
  let bits: Int

  /// The shallower layers of the pairs: from depth S on, S = start * layers rounded down; a last layer may be left over.
  func firsts(layers: Int) -> [Int] {
    Array(stride(from: Int((start * Double(layers) + 1e-9).rounded(.down)), to: layers - 1, by: 2))
  }

  func check(shape: CacheShape) throws {
    if bits < 16 { try GroupedCodec.check(group: 32, headDim: shape.headDim) }
    // Nothing is to be merged at 1; below it, that nothing can be is not what was asked for.
    guard start < 1, firsts(layers: shape.layers).isEmpty else { return }
    throw RuntimeProblem(
      "K305", seen: "minicache: start=\(start) leaves no pair among \(shape.layers) layers",
      expected: "two layers at least from start on", suggestion: "use start=0.5")
  }

  func makeStores(shape: CacheShape, kernels: KernelTable, own: (Int) -> any LayerStore) -> [any LayerStore] {
    let firsts = Set(firsts(layers: shape.layers))
    var stores: [any LayerStore] = []
    while stores.count < shape.layers {
      if firsts.contains(stores.count) {
        let pair = MergedPair(shape: shape, settings: self, kernels: kernels)
        stores += [MergedStore(pair, layer: 0), MergedStore(pair, layer: 1)]
      } else {
        stores.append(own(stores.count))
      }
    }
    return stores
  }

  /// At worst every token is retained.
  func mostBytes(tokens: Int, shape: CacheShape, own: Int) -> Int {
    let pairs = firsts(layers: shape.layers).count
    let width = shape.kvHeads * shape.headDim
    let blocks = (tokens + 31) / 32 * 32
    let directions = bits < 16 ? 2 * blocks * width * bits / 8 + 2 * blocks * width * 4 / 32 : blocks * shape.tokenBytes
    let retained = 2 * Slots.exactBytes(tokens, shape) + 8 * tokens
    let tails = 2 * Slots.exactBytes(min(tokens, residual) + 1, shape)
    let pair = directions + 4 * tokens * shape.kvHeads * shape.element.bytes + retained + tails
    return (shape.layers - 2 * pairs) * own + pairs * pair
  }
}
