import KernelABI

/// Keys without the channels that the prompt's last queries care least for; see `ThinKeyStore`.
public struct ThinKeyCodec: Codec {
  public let settings: ThinKeySettings

  public var removesTokens: Bool { false }
  public var needs: AttentionNeeds { AttentionNeeds(windowQueries: settings.window) }
  public func check(shape: CacheShape) throws {}

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    ThinKeyStore(shape: shape, settings: settings, kernels: kernels)
  }
}
