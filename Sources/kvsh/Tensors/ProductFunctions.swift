import Lang
import Runtime

extension TensorFunctions {
  /// Softmax, attention, rounding, rotations and decompositions.
  static let products: [TensorFunction] = [
    TensorFunction(
      "softmax", "e^x over its sum along an axis: weights that add up to 1",
      [TensorFunction.x(), TensorFunction.axis(-1, "Axis whose numbers add up to 1.")],
      example: Example("softmax(tensor([0, 1, 2]))", "Three weights.")
    ) { each in each.value(try each.math.softmax(try each.tensor("x"), axis: try each.call.int("axis"))) },
    TensorFunction(
      "attention", "softmax(q k^T / sqrt(head_dim)) v: what a layer reads out of its cache",
      details: """
        q is [heads, tokens, head_dim], k and v [kv_heads, tokens, head_dim]; all three may lack the heads. Query heads share \
        KV heads in groups.
        """,
      [
        TensorFunction.x("q", "Queries."), TensorFunction.x("k", "Keys."), TensorFunction.x("v", "Values."),
        Parameter("causal", .bool, default: .bool(false), doc: "Hide later keys; the last query sees all."),
        Parameter("all", .bool, default: .bool(false), doc: "Yield a record with output, scores and weights."),
      ], result: .any, example: Example("attention(randn(1, 4), randn(3, 4), randn(3, 4))", "One query, three keys.")
    ) { each in
      let found = try each.math.attention(
        try each.tensor("q"), try each.tensor("k"), try each.tensor("v"), causal: try each.call.bool("causal"))
      guard try each.call.bool("all") else { return each.value(found.output) }
      return .record(
        Record([
          ("output", each.value(found.output)), ("scores", each.value(found.scores)),
          ("weights", each.value(found.weights)),
        ]))
    },
    TensorFunction(
      "quantize", "numbers rounded to 2^bits levels from the smallest to the largest of their group",
      details: """
        A group is `group` numbers along `axis`, or the whole axis. For keys [kv_heads, tokens, head_dim], axis=-1 is "per \
        token" and axis=-2 "per channel". Yields the restored numbers; all=true also codes, scales and minima.
        """,
      [
        TensorFunction.x(), Parameter("bits", .int, range: 1...16, doc: "Bits of a code.", required: true),
        TensorFunction.axis(-1, "Axis along which numbers share a scale."),
        Parameter("group", .int, range: 1...16_777_216, doc: "Numbers that share a scale; the whole axis without."),
        Parameter("all", .bool, default: .bool(false), doc: "Yield a record with values, codes, scales and minima."),
      ], result: .any, example: Example("quantize(arange(8) / 3, bits=2)", "Four levels.")
    ) { each in
      let group = each.call.optional("group") == nil ? nil : try each.call.int("group")
      let found = try each.math.quantise(
        try each.tensor("x"), bits: try each.call.int("bits"), axis: try each.call.int("axis"), group: group)
      guard try each.call.bool("all") else { return each.value(found.restored) }
      return .record(
        Record([
          ("values", each.value(found.restored)), ("codes", each.value(found.codes)),
          ("scales", each.value(found.scales)), ("minima", each.value(found.minima)),
        ]))
    },
    TensorFunction(
      "hadamard", "the Walsh-Hadamard rotation of an axis, or its matrix for a size",
      [
        TensorFunction.x("x", "A tensor, or a size that is a power of two."),
        TensorFunction.axis(-1, "Axis to rotate."),
      ], example: Example("hadamard(4) * 2", "Plus and minus ones.")
    ) { each in
      if case .int(let size) = try each.call.value("x") {
        guard size <= 16_384 else { throw each.call.domain("a matrix of \(size) rows", expected: "at most 16,384") }
        return each.value(try each.math.hadamard(size: size))
      }
      return each.value(try each.math.hadamard(try each.tensor("x"), axis: try each.call.int("axis")))
    },
    TensorFunction(
      "svd", "singular values: a record of u, s, vt with x = (u * s) @ vt, largest first",
      [TensorFunction.x("x", "A matrix, or a stack of matrices.")], result: .record,
      example: Example("svd(randn(4, 3)).s", "Three singular values.")
    ) { each in
      let found = try each.math.singularValues(try each.tensor("x"))
      return .record(
        Record([("u", each.value(found.u)), ("s", each.value(found.s)), ("vt", each.value(found.vt))]))
    },
    TensorFunction(
      "qr", "a record of q and r with x = q @ r, q orthonormal and r upper triangular",
      [TensorFunction.x("x", "A matrix, or a stack of matrices.")], result: .record,
      example: Example("qr(randn(4, 3)).r", "An upper triangle.")
    ) { each in
      let found = try each.math.orthogonal(try each.tensor("x"))
      return .record(Record([("q", each.value(found.q)), ("r", each.value(found.r))]))
    },
  ]
}
