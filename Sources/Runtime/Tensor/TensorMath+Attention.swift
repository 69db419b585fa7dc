import KernelABI

/// Softmax and attention, written out: what the engine computes in its own formats.
extension TensorMath {
  /// e^x over its sum along an axis; -infinity becomes 0.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis).
  public func softmax(_ x: Tensor, axis: Int) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    guard axis == x.shape.dimensions - 1 else {
      var order = Array(x.sizes.indices)
      order.swapAt(axis, x.shape.dimensions - 1)
      return try transpose(try softmax(try transpose(x, order), axis: -1), order)
    }
    let width = x.sizes[axis]
    let x = try floats(x)
    let out = try memory(x.shape)
    guard x.count > 0 else { return Tensor(x.shape, out) }
    shareRows(x.count / width, width: width) { part in
      for row in part {
        let (source, target) = (x.base + row * width, out.base + row * width)
        var maximum = Float(kernels.tensors.fold(.maximum, source, width))
        kernels.tensors.binary(.subtract, source, 1, &maximum, 0, width, target)
        kernels.tensors.unary(.exponential, target, width, target)
        var total = Float(kernels.tensors.fold(.sum, target, width))
        kernels.tensors.binary(.divide, target, 1, &total, 0, width, target)
      }
    }
    return Tensor(x.shape, out)
  }

  /// What `attention` yields.
  public struct Attended: Sendable {
    public let output: Tensor  // [heads, queries, valueDim]
    public let scores: Tensor  // [heads, queries, keys], scaled; -infinity where the mask hides a key
    public let weights: Tensor  // [heads, queries, keys]
  }

  /// softmax(q k^T / sqrt(headDim)) v; q [heads, queries, headDim], k and v [kvHeads, keys, headDim], or all without heads.
  ///
  /// Query heads share KV heads in groups, as in grouped-query attention.
  ///
  /// - Parameter causal: hides later keys: the last query sees all, the one before all but the last, and so on.
  /// - Throws: `RuntimeProblem` K701 if the shapes do not go together.
  public func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, causal: Bool) throws -> Attended {
    let dimensions = q.shape.dimensions
    guard dimensions == k.shape.dimensions, dimensions == v.shape.dimensions, dimensions == 2 || dimensions == 3 else {
      throw TensorProblems.shapes(
        "attention", q.shape, k.shape, expected: "[tokens, head_dim] or [heads, tokens, head_dim] for q, k and v")
    }
    if dimensions == 2 {
      func lifted(_ x: Tensor) -> Tensor { x.reshaped(TensorShape(known: [1] + x.sizes)) }
      func lowered(_ x: Tensor) -> Tensor { x.reshaped(TensorShape(known: Array(x.sizes.dropFirst()))) }
      let one = try attention(lifted(q), lifted(k), lifted(v), causal: causal)
      return Attended(output: lowered(one.output), scores: lowered(one.scores), weights: lowered(one.weights))
    }
    let (heads, kvHeads, queries, keys) = (q.sizes[0], k.sizes[0], q.sizes[1], k.sizes[1])
    guard q.sizes[2] == k.sizes[2] else {
      throw TensorProblems.shapes("attention", q.shape, k.shape, expected: "the same head_dim in q and k")
    }
    guard v.sizes[0] == kvHeads, v.sizes[1] == keys else {
      throw TensorProblems.shapes("attention", k.shape, v.shape, expected: "as many heads and tokens in v as in k")
    }
    guard kvHeads > 0, heads % kvHeads == 0, keys > 0 else {
      throw TensorProblems.shapes(
        "attention", q.shape, k.shape, expected: "a number of KV heads that divides the heads")
    }
    let group = heads / kvHeads
    let grouped = TensorShape(known: [kvHeads, group * queries, q.sizes[2]])
    let scale = Tensor(TensorShape(known: []), [1 / Float(q.sizes[2]).squareRoot()])
    let raw = try product(q.reshaped(grouped), try transpose(k, [0, 2, 1]))
    var scores = try apply(.multiply, raw, scale, sign: "*").reshaped(TensorShape(known: [heads, queries, keys]))
    if causal {
      let hidden = try truthMemory(TensorShape(known: [queries, keys]))
      for query in 0..<queries {
        let seen = max(0, keys - queries + query + 1)
        if seen < keys { (hidden.base + query * keys + seen).update(repeating: 1, count: keys - seen) }
      }
      scores = try select(
        Tensor(TensorShape(known: [queries, keys]), truths: hidden), Tensor(TensorShape(known: []), [-.infinity]),
        scores)
    }
    let weights = try softmax(scores, axis: -1)
    let sums = try product(weights.reshaped(TensorShape(known: [kvHeads, group * queries, keys])), v)
    return Attended(
      output: sums.reshaped(TensorShape(known: [heads, queries, v.sizes[2]])), scores: scores, weights: weights)
  }
}
