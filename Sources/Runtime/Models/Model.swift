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
    let query: WeightMatrix  // [queryHeads * headDim, hidden]
    let key: WeightMatrix  // [kvHeads * headDim, hidden]
    let value: WeightMatrix  // [kvHeads * headDim, hidden]
    let attentionOutput: WeightMatrix  // [hidden, queryHeads * headDim]
    let feedForwardNorm: AlignedBuffer<Float>  // [hidden]
    let gate: WeightMatrix  // [feedForward, hidden]
    let up: WeightMatrix  // [feedForward, hidden]
    let down: WeightMatrix  // [hidden, feedForward]
  }

  /// The file's name without its extension.
  public let name: String
  public let configuration: ModelConfiguration
  public let precision: Precision
  let embedding: WeightMatrix  // [vocabulary, hidden]
  let layers: [Layer]
  let outputNorm: AlignedBuffer<Float>  // [hidden]
  /// The embedding itself if the file ties them.
  let output: WeightMatrix  // [vocabulary, hidden]
  let rotary: RotaryTable

  init(
    name: String, configuration: ModelConfiguration, precision: Precision, embedding: WeightMatrix, layers: [Layer],
    outputNorm: AlignedBuffer<Float>, output: WeightMatrix, rotary: RotaryTable
  ) {
    self.name = name
    self.configuration = configuration
    self.precision = precision
    self.embedding = embedding
    self.layers = layers
    self.outputNorm = outputNorm
    self.output = output
    self.rotary = rotary
  }

  /// What a cache needs to know of the model.
  public var cacheShape: CacheShape {
    CacheShape(
      layers: configuration.layers, kvHeads: configuration.kvHeads, groupHeads: configuration.groupHeads,
      headDim: configuration.headDim, element: precision == .f32 ? .float32 : .float16)
  }

  /// Bytes of the weight matrices in memory; an output matrix that is the embedding counts once.
  public var weightBytes: Int {
    let isTied = output.address == embedding.address
    return layers.reduce(embedding.bytes + (isTied ? 0 : output.bytes)) { total, layer in
      total
        + [layer.query, layer.key, layer.value, layer.attentionOutput, layer.gate, layer.up, layer.down]
        .reduce(0) { $0 + $1.bytes }
    }
  }
}
