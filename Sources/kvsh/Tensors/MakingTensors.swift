import Lang
import Runtime

extension TensorFunctions {
  /// Tensors out of nothing.
  static let making: [TensorFunction] = [
    TensorFunction(
      "tensor", "a tensor out of lists of numbers",
      [TensorFunction.x("numbers", "A number, or lists of lists of them.")],
      example: Example("tensor([[1, 2], [3, 4]])", "Two rows.")
    ) { each in .object(TensorValue(try each.tensor("numbers"), each.math)) },
    TensorFunction(
      "zeros", "a tensor of zeros", [TensorFunction.sizes], example: Example("zeros(2, 3)", "Two rows of three.")
    ) { each in .object(TensorValue(try each.math.full(try each.sizes(), 0), each.math)) },
    TensorFunction("ones", "a tensor of ones", [TensorFunction.sizes], example: Example("ones(4)", "Four ones.")) {
      each in .object(TensorValue(try each.math.full(try each.sizes(), 1), each.math))
    },
    TensorFunction(
      "identity", "ones on the diagonal of a square",
      [Parameter("size", .int, range: 0...32_768, doc: "Rows and columns.", positional: true, required: true)],
      example: Example("identity(3)", "Three rows.")
    ) { each in each.value(try each.math.identity(try each.call.int("size"))) },
    TensorFunction(
      "arange", "numbers at equal distances: from 0 up to and without `end`, or from a first one on",
      [
        Parameter(
          "first", .value(.number), doc: "The end, or with two numbers the first.", positional: true, required: true),
        Parameter("end", .value(.number), doc: "Where the numbers end; not one of them.", positional: true),
        Parameter("step", .value(.number), default: .int(1), doc: "From one number to the next.", positional: true),
      ], example: Example("arange(0, 10, 2)", "0, 2, 4, 6, 8.")
    ) { each in
      let first = try each.call.float("first")
      let hasEnd = each.call.isGiven("end")
      return each.value(
        try each.math.range(
          from: hasEnd ? first : 0, to: hasEnd ? try each.call.float("end") : first, by: try each.call.float("step")))
    },
    TensorFunction(
      "randn", "standard normal numbers, the same for the same seed",
      details: "Number i depends on the seed and on i alone, so a longer tensor begins like a shorter one.",
      [
        TensorFunction.sizes,
        Parameter("seed", .int, default: .int(0), range: 0...4_294_967_295, doc: "Another seed, other numbers."),
      ], example: Example("randn(2, 3, seed=1)", "Two rows of three.")
    ) { each in
      let seed = UInt64(max(0, try each.call.int("seed")))
      return .object(TensorValue(try each.math.normal(try each.sizes(), seed: seed), each.math))
    },
  ]
}
