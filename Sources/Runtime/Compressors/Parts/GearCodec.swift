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

/// GEAR's variant B: groups, outliers per vector and low rank per head; see `GearGroupStore`.
public struct GearGroupCodec: Codec {
  public let settings: GearGroupSettings

  public var removesTokens: Bool { false }

  public func check(shape: CacheShape) throws {
    try GroupedCodec.check(group: settings.group, headDim: shape.headDim)
  }

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    GearGroupStore(shape: shape, layer: layer, settings: settings, kernels: kernels)
  }
}
