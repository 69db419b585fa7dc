import KernelABI

/// GEAR's variant A: codes, outliers and low rank over whole tensors; see `GearTensorStore`.
public struct GearTensorCodec: Codec {
  public let settings: GearTensorSettings

  public var removesTokens: Bool { false }
  public func check(shape: CacheShape) throws {}

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    GearTensorStore(shape: shape, layer: layer, settings: settings, kernels: kernels)
  }
}
