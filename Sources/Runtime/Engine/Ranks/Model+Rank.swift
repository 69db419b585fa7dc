extension Model {
  /// Refuses a number of ranks that the model's heads or formats do not divide by.
  ///
  /// - Throws: `RuntimeProblem` K682.
  func check(ranks: Int) throws {
    guard ranks > 1 else { return }
    func refuse(_ seen: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem("K682", seen: "tp=\(ranks): \(seen)", expected: expected, suggestion: "leave tp= out")
    }
    let sizes = configuration
    guard sizes.kvHeads % ranks == 0, sizes.queryHeads % ranks == 0 else {
      let fitting = (1...sizes.kvHeads).filter { sizes.kvHeads % $0 == 0 && sizes.queryHeads % $0 == 0 }
      throw refuse(
        "\(name) has \(sizes.kvHeads) KV heads and \(sizes.queryHeads) query heads, and a head is not cut",
        "tp=" + fitting.map(String.init).joined(separator: ", "))
    }
    guard let layer = layers.first else { return }
    let width = sizes.queryHeads / ranks * sizes.headDim
    guard width % layer.attentionOutput.matrix.inputUnit == 0, sizes.kvHeads / ranks * sizes.headDim % 16 == 0 else {
      throw refuse(
        "a rank's heads are \(width) channels wide, and the output matrix lies in blocks of "
          + "\(layer.attentionOutput.matrix.inputUnit)", "heads that fill whole blocks")
    }
    let unit = layers.map { max($0.down.matrix.inputUnit, WeightMatrix.outputUnit) }.max() ?? 1
    guard sizes.feedForward / unit >= ranks else {
      throw refuse(
        "\(sizes.feedForward) columns of the feed-forward layer are \(sizes.feedForward / unit) blocks of \(unit)",
        "a block for each rank")
    }
  }

  /// One rank's part of the model: its heads and its columns of the feed-forward layer; embedding, norms and output matrix
  /// are the whole model's own.
  ///
  /// Biases of the two products whose parts are added up belong to rank 0.
  /// - Throws: `RuntimeProblem` K682 if the model does not divide so.
  func rank(_ rank: Int, of ranks: Int) throws -> Model {
    try check(ranks: ranks)
    var sizes = configuration
    sizes.queryHeads /= ranks
    sizes.kvHeads /= ranks
    let unit = layers.map { max($0.down.matrix.inputUnit, WeightMatrix.outputUnit) }.max() ?? 1
    let units = configuration.feedForward / unit
    // A last block that is not full belongs to the last rank.
    let columns =
      units * rank / ranks * unit..<(rank == ranks - 1 ? configuration.feedForward : units * (rank + 1) / ranks * unit)
    sizes.feedForward = columns.count
    let queries = rank * sizes.queryHeads * sizes.headDim..<(rank + 1) * sizes.queryHeads * sizes.headDim
    let keys = rank * sizes.kvHeads * sizes.headDim..<(rank + 1) * sizes.kvHeads * sizes.headDim
    func part(_ projection: Projection, outputs: Range<Int>? = nil, inputs: Range<Int>? = nil) throws -> Projection {
      let matrix = projection.matrix
      guard
        let slice = matrix.slice(outputs: outputs ?? 0..<matrix.outputs, inputs: inputs ?? 0..<matrix.inputs)
      else {
        throw RuntimeProblem(
          "K682", seen: "tp=\(ranks): a matrix of \(matrix.outputs) x \(matrix.inputs) cannot be cut there",
          expected: "cuts between blocks of \(matrix.inputUnit) inputs", suggestion: "leave tp= out")
      }
      guard let bias = projection.bias, inputs == nil || rank == 0 else { return Projection(matrix: slice, bias: nil) }
      guard let outputs else { return Projection(matrix: slice, bias: bias) }
      let own = AlignedBuffer<Float>(count: outputs.count)
      own.base.update(from: bias.base + outputs.lowerBound, count: outputs.count)
      return Projection(matrix: slice, bias: own)
    }
    let parts = try layers.map { layer in
      Layer(
        attentionNorm: layer.attentionNorm, query: try part(layer.query, outputs: queries),
        key: try part(layer.key, outputs: keys), value: try part(layer.value, outputs: keys),
        attentionOutput: try part(layer.attentionOutput, inputs: queries), feedForwardNorm: layer.feedForwardNorm,
        gate: try part(layer.gate, outputs: columns), up: try part(layer.up, outputs: columns),
        down: try part(layer.down, inputs: columns), queryNorm: layer.queryNorm, keyNorm: layer.keyNorm)
    }
    return Model(
      name: name, configuration: sizes, precision: precision, embedding: embedding, layers: parts,
      outputNorm: outputNorm, output: output, rotary: rotary)
  }
}
