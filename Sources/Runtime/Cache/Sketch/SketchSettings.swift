/// The settings of QJL.
public struct SketchSettings: Equatable, Sendable {
  /// Projections of a key; nil for twice the head dimension.
  public let sketch: Int?
  /// Projections in the first layers; nil for four times the head dimension.
  public let initialSketch: Int?
  /// How many layers are the first ones; nil for 15 of 32.
  public let initialLayers: Int?
  /// Channels of a group that are sketched apart.
  public let outliers: Int
  /// Projections of those; nil for twice the head dimension, once in the first layers.
  public let outlierSketch: Int?
  public let valueBits: Int
  /// Tokens that share outlier channels, and channels of a value that share a scale.
  public let group: Int
  public let residual: Int
  /// Whether the projections are made orthogonal.
  public let isOrthogonal: Bool
  public let seed: Int

  public init(
    sketch: Int? = nil, initialSketch: Int? = nil, initialLayers: Int? = nil, outliers: Int = 8,
    outlierSketch: Int? = nil, valueBits: Int = 2, group: Int = 32, residual: Int = 128, isOrthogonal: Bool = true,
    seed: Int = 42
  ) {
    self.sketch = sketch
    self.initialSketch = initialSketch
    self.initialLayers = initialLayers
    self.outliers = outliers
    self.outlierSketch = outlierSketch
    self.valueBits = valueBits
    self.group = group
    self.residual = residual
    self.isOrthogonal = isOrthogonal
    self.seed = seed
  }

  /// The sizes of one layer.
  public func size(layer: Int, shape: CacheShape) -> (sketch: Int, outlierSketch: Int, isInitial: Bool) {
    let isInitial = layer < initialLayers ?? shape.layers * 15 / 32
    let sketch = isInitial ? initialSketch ?? 4 * shape.headDim : sketch ?? 2 * shape.headDim
    let outlierSketch = outlierSketch ?? min(sketch, isInitial ? shape.headDim : 2 * shape.headDim)
    return (sketch, outliers > 0 ? outlierSketch : 0, isInitial)
  }
}
