import KernelABI

/// Where an engine's exact keys and values lie, and what its sequences share.
struct EngineMemory {
  let engine: AttentionEngine
  /// Memory that grows by copy goes from tensor to tensor.
  let spares: SpareBuffers<UInt8>?

  /// In place, each sequence for itself.
  static let inPlace = EngineMemory(.fused)

  init(_ engine: AttentionEngine) {
    self.engine = engine
    spares = engine.append == .copy ? SpareBuffers() : nil
  }

  func makeStore(shape: CacheShape, kernels: KernelTable) -> any LayerStore {
    ExactStore(shape: shape, kernels: kernels, copyingTo: spares)
  }
}
