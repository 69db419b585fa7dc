/// The weights of one layer of a BERT encoder, repacked for the kernels.
struct EncoderLayer: Sendable {
  let query: Projection  // [hidden, hidden]
  let key: Projection  // [hidden, hidden]
  let value: Projection  // [hidden, hidden]
  let attentionOutput: Projection  // [hidden, hidden]
  let attentionNorm: Norm
  let up: Projection  // [feedForward, hidden]
  let down: Projection  // [hidden, feedForward]
  let outputNorm: Norm

  /// A linear map with its bias.
  struct Projection: Sendable {
    let matrix: WeightMatrix  // [outputs, inputs]
    let bias: AlignedBuffer<Float>  // [outputs]

    init(_ source: some WeightSource, _ name: String, outputs: Int, inputs: Int) throws {
      matrix = try source.matrix(name + ".weight", outputs: outputs, inputs: inputs)
      bias = try source.vector(name + ".bias", count: outputs)
    }
  }

  /// A layer normalisation's factors and offsets.
  struct Norm: Sendable {
    let weight: AlignedBuffer<Float>  // [hidden]
    let bias: AlignedBuffer<Float>  // [hidden]

    init(_ source: some WeightSource, _ name: String, count: Int) throws {
      weight = try source.vector(name + ".weight", count: count)
      bias = try source.vector(name + ".bias", count: count)
    }
  }

  /// - Throws: `RuntimeProblem` K209, K212, K241.
  init(_ source: some WeightSource, prefix: String, _ settings: EncoderSettings) throws {
    let (hidden, feedForward) = (settings.hidden, settings.feedForward)
    func projection(_ name: String, _ outputs: Int, _ inputs: Int) throws -> Projection {
      try Projection(source, prefix + name, outputs: outputs, inputs: inputs)
    }
    query = try projection("attention.self.query", hidden, hidden)
    key = try projection("attention.self.key", hidden, hidden)
    value = try projection("attention.self.value", hidden, hidden)
    attentionOutput = try projection("attention.output.dense", hidden, hidden)
    attentionNorm = try Norm(source, prefix + "attention.output.LayerNorm", count: hidden)
    up = try projection("intermediate.dense", feedForward, hidden)
    down = try projection("output.dense", hidden, feedForward)
    outputNorm = try Norm(source, prefix + "output.LayerNorm", count: hidden)
  }
}
