import KernelABI
import Lang
import Runtime

extension TensorFunctions {
  /// Functions of every number by itself.
  static let elements: [TensorFunction] =
    [
      unary("exp", "e to the power of every number", .exponential),
      unary("log", "the natural logarithm of every number", .logarithm),
      unary("sqrt", "the square root of every number", .squareRoot),
      unary("abs", "every number without its sign", .absolute),
      unary("round", "every number to the nearest whole one, ties to even", .round),
      unary("floor", "the largest whole numbers that are not above", .floor),
      unary("ceil", "the smallest whole numbers that are not below", .ceiling),
      unary("sign", "-1, 0 or 1 for every number", .sign),
      TensorFunction(
        "where", "one tensor's numbers where a condition holds, another's elsewhere",
        [
          TensorFunction.x("condition", "True and false."), TensorFunction.x("yes", "Where it holds."),
          TensorFunction.x("no", "Elsewhere."),
        ], example: Example("where(arange(4) < 2, 1, 0)", "1, 1, 0, 0.")
      ) { each in
        each.value(
          try each.math.select(try each.tensor("condition"), try each.tensor("yes"), try each.tensor("no")))
      },
      TensorFunction(
        "clamp", "numbers cut to a range",
        [
          TensorFunction.x(), Parameter("low", .value(.number), doc: "The least.", positional: true, required: true),
          Parameter("high", .value(.number), doc: "The most.", positional: true, required: true),
        ], example: Example("clamp(arange(5), 1, 3)", "1, 1, 2, 3, 3.")
      ) { each in
        let (low, high) = (Float(try each.call.float("low")), Float(try each.call.float("high")))
        return each.value(try each.math.clamp(try each.tensor("x"), low, high))
      },
    ]

  private static func unary(_ name: String, _ summary: String, _ operation: TensorUnary) -> TensorFunction {
    TensorFunction(name, summary, [TensorFunction.x()], example: Example("\(name)(arange(4))", "Of four numbers.")) {
      each in each.value(try each.math.apply(operation, try each.tensor("x")))
    }
  }
}
