import KernelABI

/// What one layer computed for a text: the numbers of the forward pass itself, not a second computation.
public struct LayerTrace: Sendable {
  /// Turned to their positions; channels in the order of the model's file.
  public let queries: Tensor  // [queryHeads, tokens, headDim]
  public let keys: Tensor  // [kvHeads, tokens, headDim]
  /// Before they were turned.
  public let unrotatedKeys: Tensor  // [kvHeads, tokens, headDim]
  public let values: Tensor  // [kvHeads, tokens, headDim]
  /// q k^T / sqrt(headDim) with keys as the cache holds them; -infinity where a key comes later.
  public let scores: Tensor  // [queryHeads, tokens, tokens]
  public let weights: Tensor  // [queryHeads, tokens, tokens]
  /// Weighted sums of values, before the output matrix.
  public let outputs: Tensor  // [queryHeads, tokens, headDim]
  /// The residual stream after the embedding and after each layer.
  public let hidden: Tensor  // [layers + 1, tokens, hidden]
}

extension BatchEngine {
  /// Runs a text through the model with an uncompressed cache and keeps what one layer computed.
  ///
  /// - Parameter math: bounds the memory.
  /// - Throws: `RuntimeProblem` K602 (numbers), K603 (text), K704 (memory), K705 for a layer that there is not.
  public func trace(_ text: [Int32], layer: Int, math: TensorMath) throws -> LayerTrace {
    let sizes = model.configuration
    guard !text.isEmpty, text.count <= sizes.contextTokens else {
      throw RuntimeProblem(
        "K603", seen: "a text of \(text.count) tokens", expected: "1 to \(sizes.contextTokens) tokens")
    }
    guard model.layers.indices.contains(layer) else {
      throw RuntimeProblem("K705", seen: "layer \(layer)", expected: "0 to \(model.layers.count - 1)")
    }
    let tokens = text.count
    let square = try TensorShape([sizes.queryHeads, tokens, tokens])
    // Asked for twice, as scores and as weights.
    try math.check(try TensorShape([2, sizes.queryHeads, tokens, tokens]))
    let hidden = try math.memory(try TensorShape([model.layers.count + 1, tokens, sizes.hidden]))
    let heads = try TensorShape([sizes.queryHeads, tokens, sizes.headDim])
    let kvHeads = try TensorShape([sizes.kvHeads, tokens, sizes.headDim])
    var projections: [Tensor] = []
    var outputs: Tensor?
    let cache = try pass.makeCache(.none)
    let recorder = AttentionRecorder(shape: model.cacheShape, tokens: tokens)
    cache.layers[layer].recorder = recorder
    pass.observer = { done, rows, count in
      (hidden.base + done * tokens * sizes.hidden).update(from: rows, count: count * sizes.hidden)
    }
    pass.attentionObserver = { index, moment, rows in
      guard index == layer else { return }
      switch moment {
      case .projected: projections.append(Self.byHead(rows.keys, kvHeads, rows.keyStride))
      case .rotated:
        projections.append(Self.byHead(rows.queries, heads, rows.queryStride))
        projections.append(Self.byHead(rows.keys, kvHeads, rows.keyStride))
        projections.append(Self.byHead(rows.values, kvHeads, rows.keyStride))
      case .attended: outputs = Self.byHead(rows.out, heads, rows.outStride)
      }
    }
    defer { (pass.observer, pass.attentionObserver) = (nil, nil) }
    try pass.run([.prompt(text, of: cache, isLast: true)])
    guard projections.count == 4, let outputs else {
      throw RuntimeProblem("K705", seen: "layer \(layer) computed no attention", expected: "a layer with attention")
    }
    return LayerTrace(
      queries: projections[1], keys: projections[2], unrotatedKeys: projections[0], values: projections[3],
      scores: Tensor(square, recorder.scores), weights: Tensor(square, recorder.weights), outputs: outputs,
      hidden: Tensor(TensorShape(known: [model.layers.count + 1, tokens, sizes.hidden]), hidden))
  }

  /// Rows [tokens, heads * headDim] as [heads, tokens, headDim].
  private static func byHead(_ rows: UnsafePointer<Float>, _ shape: TensorShape, _ stride: Int) -> Tensor {
    let out = AlignedBuffer<Float>(count: shape.count)
    let (tokens, width) = (shape.sizes[1], shape.sizes[2])
    for head in 0..<shape.sizes[0] {
      for token in 0..<tokens {
        (out.base + (head * tokens + token) * width).update(from: rows + token * stride + head * width, count: width)
      }
    }
    return Tensor(shape, out)
  }
}
