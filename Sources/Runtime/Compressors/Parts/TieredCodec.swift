import KernelABI

/// Important tokens in one precision, demoted ones in fewer bits; see `TieredStore`.
struct TieredCodec: Codec {
  let settings: TieredSettings

  // Tokens change tier; none leaves.
  var removesTokens: Bool { false }
  var needs: AttentionNeeds { AttentionNeeds(queryMaxima: settings.balances) }

  func check(shape: CacheShape) throws {
    try RotatedCodec.checkLanes(shape)
    if let group = settings.group { try GroupedCodec.check(group: group, headDim: shape.headDim) }
  }

  func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    TieredStore(shape: shape, settings: settings, kernels: kernels)
  }
}
