/// What a family makes of a file's settings: the sizes, and which parts its layers have.
struct DecoderPlan {
  var configuration: ModelConfiguration
  var names: TensorNames
  /// Whether the output matrix is the embedding.
  var isTied = false
  /// Parts that have a bias.
  var biases: Set<TensorNames.Part> = []
  /// Whether each head's query and key are normalised before they rotate.
  var normalisesHeads = false
  /// Whether query, key and value are one matrix, in this order.
  var fusesAttention = false
  /// Whether gate and up are one matrix, in this order.
  var fusesFeedForward = false
  /// Per-frequency divisors [rotaryDim / 2] of the rotary angles, or nil.
  var rotaryFactors: [Float]?
  /// What rotated channels are multiplied by.
  var rotaryScale: Float = 1
}

extension Model {
  /// Reads the weights that a plan asks for.
  ///
  /// - Throws: `RuntimeProblem` as `WeightSource` does; K242 for sizes no kernel can work with and for layers with
  ///   tensors that the plan has no use for.
  convenience init(_ plan: DecoderPlan, from source: some WeightSource, name: String, precision: Precision) throws {
    let sizes = plan.configuration
    try sizes.check(file: source.name)
    if let factors = plan.rotaryFactors, factors.count != sizes.rotaryDim / 2 {
      throw RuntimeProblem(
        "K242", seen: "\(source.name): \(factors.count) rotary factors",
        expected: "one for each of the \(sizes.rotaryDim / 2) pairs that rotate")
    }
    var reader = PlannedWeights(plan: plan, source: source)
    let embedding = try reader.matrix(.embedding, outputs: sizes.vocabulary, inputs: sizes.hidden)
    var layers: [Layer] = []
    for index in 0..<sizes.layers { layers.append(try reader.layer(index)) }
    let outputNorm = try reader.vector(.outputNorm, count: sizes.hidden)
    let output =
      plan.isTied ? embedding : try reader.matrix(.output, outputs: sizes.vocabulary, inputs: sizes.hidden)
    try reader.refuseUnused()
    self.init(
      name: name, configuration: sizes, precision: precision, embedding: embedding, layers: layers,
      outputNorm: outputNorm, output: output,
      rotary: RotaryTable(sizes, factors: plan.rotaryFactors, scale: plan.rotaryScale))
  }
}

/// Reads parts by their names in the file and keeps account of the tensors it used.
private struct PlannedWeights<Source: WeightSource> {
  let plan: DecoderPlan
  let source: Source
  private var used: Set<String> = []

  init(plan: DecoderPlan, source: Source) {
    self.plan = plan
    self.source = source
  }

  mutating func matrix(
    _ part: TensorNames.Part, layer: Int? = nil, rows: Range<Int>? = nil, outputs: Int, inputs: Int
  ) throws -> WeightMatrix {
    let name = plan.names.name(part, layer: layer) + ".weight"
    used.insert(name)
    return try source.matrix(name, rows: rows ?? 0..<outputs, of: outputs, inputs: inputs)
  }

  mutating func vector(_ part: TensorNames.Part, layer: Int? = nil, count: Int) throws -> AlignedBuffer<Float> {
    let name = plan.names.name(part, layer: layer) + ".weight"
    used.insert(name)
    return try source.vector(name, count: count)
  }

  private mutating func projection(
    _ part: TensorNames.Part, _ layer: Int, outputs: Int, inputs: Int
  ) throws -> Model.Projection {
    let matrix = try matrix(part, layer: layer, outputs: outputs, inputs: inputs)
    guard plan.biases.contains(part) else { return .init(matrix: matrix, bias: nil) }
    let name = plan.names.name(part, layer: layer) + ".bias"
    used.insert(name)
    return .init(matrix: matrix, bias: try source.vector(name, count: outputs))
  }

  /// Parts that the file keeps in one matrix, one below the other.
  private mutating func fused(
    _ part: TensorNames.Part, _ layer: Int, outputs: [Int], inputs: Int
  ) throws -> [Model.Projection] {
    let total = outputs.reduce(0, +)
    var start = 0
    var parts: [Model.Projection] = []
    for count in outputs {
      let rows = start..<start + count
      parts.append(
        .init(matrix: try matrix(part, layer: layer, rows: rows, outputs: total, inputs: inputs), bias: nil))
      start += count
    }
    return parts
  }

  mutating func layer(_ index: Int) throws -> Model.Layer {
    let sizes = plan.configuration
    let hidden = sizes.hidden
    let queryWidth = sizes.queryHeads * sizes.headDim
    let keyWidth = sizes.kvHeads * sizes.headDim
    let attentionNorm = try vector(.attentionNorm, layer: index, count: hidden)
    let attention =
      plan.fusesAttention
      ? try fused(.fusedAttention, index, outputs: [queryWidth, keyWidth, keyWidth], inputs: hidden)
      : [
        try projection(.query, index, outputs: queryWidth, inputs: hidden),
        try projection(.key, index, outputs: keyWidth, inputs: hidden),
        try projection(.value, index, outputs: keyWidth, inputs: hidden),
      ]
    let attentionOutput = try projection(.attentionOutput, index, outputs: hidden, inputs: queryWidth)
    let feedForwardNorm = try vector(.feedForwardNorm, layer: index, count: hidden)
    let gates =
      plan.fusesFeedForward
      ? try fused(.fusedFeedForward, index, outputs: [sizes.feedForward, sizes.feedForward], inputs: hidden)
      : [
        try projection(.gate, index, outputs: sizes.feedForward, inputs: hidden),
        try projection(.up, index, outputs: sizes.feedForward, inputs: hidden),
      ]
    return Model.Layer(
      attentionNorm: attentionNorm, query: attention[0], key: attention[1], value: attention[2],
      attentionOutput: attentionOutput, feedForwardNorm: feedForwardNorm, gate: gates[0], up: gates[1],
      down: try projection(.down, index, outputs: hidden, inputs: sizes.feedForward),
      queryNorm: plan.normalisesHeads ? try vector(.queryNorm, layer: index, count: sizes.headDim) : nil,
      keyNorm: plan.normalisesHeads ? try vector(.keyNorm, layer: index, count: sizes.headDim) : nil)
  }

  /// A layer's tensor that nobody read is a part of the model that would silently be left out.
  func refuseUnused() throws {
    let names = plan.names
    guard
      let unused = source.tensorNames.sorted().first(where: { name in
        name.hasPrefix(names.layerPrefix) && !used.contains(name) && !names.ignored.contains { name.contains($0) }
      })
    else { return }
    throw RuntimeProblem(
      "K242", seen: "\(source.name): tensor '\(unused)' belongs to a part that this architecture does not have here",
      expected: "layers of attention and gated feed-forward, \(plan.configuration.layers) of them",
      suggestion: "use a dense model of one of the architectures that `help model` lists")
  }
}
