import KernelABI

/// Where an engine's exact keys and values lie, and what its sequences share.
struct EngineMemory {
  let engine: AttentionEngine
  /// Memory that grows by copy goes from tensor to tensor.
  let spares: SpareBuffers<UInt8>?
  /// Pages of all sequences, if the engine has pages.
  let pages: PagePool?

  /// In place, each sequence for itself.
  static let inPlace = EngineMemory()

  private init() {
    engine = .fused
    spares = nil
    pages = nil
  }

  init(_ engine: AttentionEngine, shape: CacheShape) {
    self.engine = engine
    spares = engine.append == .copy ? SpareBuffers() : nil
    pages = engine.kind == .paged ? PagePool(shape: shape, pageTokens: engine.tileTokens) : nil
  }

  func makeStore(shape: CacheShape, kernels: KernelTable) -> any LayerStore {
    if let pages { return PagedStore(shape: shape, kernels: kernels, pool: pages) }
    return ExactStore(shape: shape, kernels: kernels, copyingTo: spares)
  }
}
