import KernelABI

/// Keys as sign sketches, values in groups; see `SketchStore`.
public struct SketchCodec: Codec {
  public let settings: SketchSettings

  public var removesTokens: Bool { false }

  public func check(shape: CacheShape) throws {
    try GroupedCodec.check(group: settings.group, headDim: shape.headDim)
    guard settings.outliers <= min(255, shape.headDim) else {
      throw RuntimeProblem(
        "K305", seen: "outlier_channels=\(settings.outliers) with a head dimension of \(shape.headDim)",
        expected: "0 to \(min(255, shape.headDim)) outlier channels")
    }
    for layer in [0, shape.layers - 1] {
      let size = settings.size(layer: layer, shape: shape)
      guard size.outlierSketch <= size.sketch else {
        throw RuntimeProblem(
          "K305", seen: "sketch_outlier=\(size.outlierSketch) with \(size.sketch) projections in layer \(layer)",
          expected: "as many projections of outliers as of keys at most")
      }
    }
  }

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    SketchStore(shape: shape, layer: layer, settings: settings, kernels: kernels)
  }
}
