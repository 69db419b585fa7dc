import KernelABI

/// The share slot: which layers have a cache of their own, and what the others hold together. An immutable value.
///
/// What layers share lies behind their stores: every layer appends to its store and is attended to through it, whether it
/// holds its tokens alone, half of a pair's, or nothing because another layer's are read in their place.
public protocol SharePolicy: Sendable {
  /// - Throws: `RuntimeProblem` K305 if no layers of such a model would share.
  func check(shape: CacheShape) throws
  /// The stores of all layers of one sequence, in order; `own` makes that of a layer that shares nothing.
  func makeStores(shape: CacheShape, kernels: KernelTable, own: (_ layer: Int) -> any LayerStore) -> [any LayerStore]
  /// The most bytes of all layers of a text; `own` is what a layer takes that shares nothing. For forecasts of memory.
  func mostBytes(tokens: Int, shape: CacheShape, own: Int) -> Int
}
