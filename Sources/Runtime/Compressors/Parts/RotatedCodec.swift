import KernelABI

/// Every token rotated and packed on its own; see `RotatedStore`.
public struct RotatedCodec: Codec {
  public let settings: RotatedSettings

  public var removesTokens: Bool { true }

  public func check(shape: CacheShape) throws {
    try Self.checkLanes(shape)
    if let group = settings.group { try GroupedCodec.check(group: group, headDim: shape.headDim) }
  }

  /// - Throws: `RuntimeProblem` K305 if codes in lanes would not fill their words.
  static func checkLanes(_ shape: CacheShape) throws {
    guard shape.headDim % 32 == 0 else {
      throw RuntimeProblem(
        "K305", seen: "the model's head dimension is \(shape.headDim)", expected: "a multiple of 32 for this method")
    }
  }

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    RotatedStore(shape: shape, settings: settings, kernels: kernels)
  }
}
