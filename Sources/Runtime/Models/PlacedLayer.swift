/// A layer's weights as a pass reads them: addresses, so that a step counts no reference a layer. The model outlives it.
struct PlacedLayer: BitwiseCopyable {
  let attentionNorm: UnsafePointer<Float>  // [hidden]
  let query: PlacedProjection
  let key: PlacedProjection
  let value: PlacedProjection
  let attentionOutput: PlacedProjection
  let feedForwardNorm: UnsafePointer<Float>  // [hidden]
  let gate: PlacedProjection
  let up: PlacedProjection
  let down: PlacedProjection
  let queryNorm: UnsafePointer<Float>?  // [headDim]
  let keyNorm: UnsafePointer<Float>?  // [headDim]

  init(_ layer: Model.Layer) {
    attentionNorm = UnsafePointer(layer.attentionNorm.base)
    query = PlacedProjection(layer.query)
    key = PlacedProjection(layer.key)
    value = PlacedProjection(layer.value)
    attentionOutput = PlacedProjection(layer.attentionOutput)
    feedForwardNorm = UnsafePointer(layer.feedForwardNorm.base)
    gate = PlacedProjection(layer.gate)
    up = PlacedProjection(layer.up)
    down = PlacedProjection(layer.down)
    queryNorm = layer.queryNorm.map { UnsafePointer($0.base) }
    keyNorm = layer.keyNorm.map { UnsafePointer($0.base) }
  }
}

/// A linear map in the same form.
struct PlacedProjection: BitwiseCopyable {
  let matrix: PlacedMatrix
  let bias: UnsafePointer<Float>?  // [outputs]

  init(_ projection: Model.Projection) {
    matrix = projection.matrix.placed
    bias = projection.bias.map { UnsafePointer($0.base) }
  }
}
