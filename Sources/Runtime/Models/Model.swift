import KernelABI

/// A decoder ready to run: its sizes and its weights, repacked for the kernels; immutable.
public final class Model: Sendable {
  /// How weights and activations are multiplied.
  public enum Precision: String, Sendable, CaseIterable {
    /// Weights as the file has them, activations rounded to signed bytes in blocks of 32, half-precision cache.
    case mixed
    /// Everything in single precision: the reference.
    case f32
  }

  struct Layer: Sendable {
    let attentionNorm: AlignedBuffer<Float>  // [hidden]
    let query: Projection  // [queryHeads * headDim, hidden]
    let key: Projection  // [kvHeads * headDim, hidden]
    let value: Projection  // [kvHeads * headDim, hidden]
    let attentionOutput: Projection  // [hidden, queryHeads * headDim]
    let feedForwardNorm: AlignedBuffer<Float>  // [hidden]
    let gate: Projection  // [feedForward, hidden]
    let up: Projection  // [feedForward, hidden]
    let down: Projection  // [hidden, feedForward]
    /// Norms of each head's query and key before they rotate, for families that have them.
    let queryNorm: AlignedBuffer<Float>?  // [headDim]
    let keyNorm: AlignedBuffer<Float>?  // [headDim]
  }

  /// A linear map: a matrix and perhaps a bias.
  struct Projection: Sendable {
    let matrix: WeightMatrix  // [outputs, inputs]
    let bias: AlignedBuffer<Float>?  // [outputs]
  }

  /// The file's name without its extension.
  public let name: String
  public let configuration: ModelConfiguration
  public let precision: Precision
  let embedding: WeightMatrix  // [vocabulary, hidden]
  let layers: [Layer]
  /// The same layers as a pass reads them.
  let placedLayers: AlignedBuffer<PlacedLayer>
  let outputNorm: AlignedBuffer<Float>  // [hidden]
  /// The embedding itself if the file ties them.
  let output: WeightMatrix  // [vocabulary, hidden]
  let rotary: RotaryTable
  let learntCodecs = LearntCodecs()

  init(
    name: String, configuration: ModelConfiguration, precision: Precision, embedding: WeightMatrix, layers: [Layer],
    outputNorm: AlignedBuffer<Float>, output: WeightMatrix, rotary: RotaryTable
  ) {
    self.name = name
    self.configuration = configuration
    self.precision = precision
    self.embedding = embedding
    self.layers = layers
    placedLayers = AlignedBuffer(count: layers.count)
    for (index, layer) in layers.enumerated() { placedLayers.base[index] = PlacedLayer(layer) }
    self.outputNorm = outputNorm
    self.output = output
    self.rotary = rotary
  }

  /// What a cache needs to know of the model.
  public var cacheShape: CacheShape {
    var shape = CacheShape(
      layers: configuration.layers, kvHeads: configuration.kvHeads, groupHeads: configuration.groupHeads,
      headDim: configuration.headDim, element: precision == .f32 ? .float32 : .float16)
    shape.windows = configuration.windows
    return shape
  }

  /// Bytes of the weight matrices in memory; an output matrix that is the embedding counts once.
  public var weightBytes: Int {
    let isTied = output.address == embedding.address
    return layers.reduce(embedding.bytes + (isTied ? 0 : output.bytes)) { total, layer in
      total
        + [layer.query, layer.key, layer.value, layer.attentionOutput, layer.gate, layer.up, layer.down]
        .reduce(0) { $0 + $1.matrix.bytes }
    }
  }
}
