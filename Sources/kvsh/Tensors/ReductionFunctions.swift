import Lang
import Runtime

extension TensorFunctions {
  /// Many numbers into one.
  static let reductions: [TensorFunction] =
    [
      reduction("sum", "the sum of a tensor, or sums along an axis", .sum),
      reduction("mean", "the mean of a tensor, or means along an axis", .mean),
      extreme("min", "the smallest number of a tensor, or along an axis; of two tensors number by number", .min),
      extreme("max", "the largest number of a tensor, or along an axis; of two tensors number by number", .max),
      TensorFunction(
        "norm", "the length of a tensor as a vector, or lengths along an axis",
        [
          TensorFunction.x(), TensorFunction.axes, TensorFunction.keep,
          Parameter(
            "p", .value(.union([.int, .string])), default: .int(2), allowed: [.int(1), .int(2), .string("max")],
            doc: "2: root of the sum of squares; 1: sum of magnitudes; \"max\": largest magnitude."),
        ], result: .any, example: Example("norm(tensor([3, 4]))", "5.")
      ) { each in
        let reduction: TensorMath.Reduction =
          switch try each.call.value("p") {
          case .int(1): .norm1
          case .string: .normInfinity
          default: .norm
          }
        return try reduce(reduction, each, "x")
      },
      TensorFunction(
        "std", "the standard deviation of a tensor (n - 1), or along an axis",
        [TensorFunction.x("values"), TensorFunction.axes, TensorFunction.keep], result: .any
      ) { each in
        let x = try each.tensor("values")
        let axes = try axes(each) ?? Array(x.sizes.indices)
        let numbers = try axes.reduce(1) { $0 * x.sizes[try x.shape.axis($1)] }
        guard numbers > 1 else { throw each.call.domain("one number has no deviation") }
        let mean = try each.math.reduce(.mean, x, axes: axes, keeping: true)
        let keeps = try each.call.bool("keep")
        let length = try each.math.reduce(
          .norm, try each.math.apply(.subtract, x, mean, sign: "-"), axes: axes, keeping: keeps)
        let scale = try Tensor([], [1 / Float(numbers - 1).squareRoot()])
        return each.value(try each.math.apply(.multiply, length, scale, sign: "*"))
      },
      place("argmax", "the place of the largest number, or places along an axis", largest: true),
      place("argmin", "the place of the smallest number, or places along an axis", largest: false),
      test("any", "whether some number of a tensor is not 0", .max),
      test("all", "whether no number of a tensor is 0", .min),
    ]

  private static func axes(_ each: TensorCall) throws -> [Int]? {
    each.call.optional("axis") == nil ? nil : try each.places("axis")
  }

  private static func reduce(_ reduction: TensorMath.Reduction, _ each: TensorCall, _ name: String) throws -> Value {
    let x = try each.tensor(name)
    if let axes = try axes(each) {
      return each.value(try each.math.reduce(reduction, x, axes: axes, keeping: try each.call.bool("keep")))
    }
    let result = try each.math.reduce(reduction, x)
    if x.element == .int32, reduction == .min || reduction == .max, let whole = Int(exactly: result) {
      return .int(whole)
    }
    return .float(result)
  }

  private static func reduction(_ name: String, _ summary: String, _ reduction: TensorMath.Reduction) -> TensorFunction
  {
    TensorFunction(
      name, summary, [TensorFunction.x("values"), TensorFunction.axes, TensorFunction.keep], result: .any,
      example: Example("\(name)(arange(6), axis=0)", "Of six numbers.")
    ) { each in try reduce(reduction, each, "values") }
  }

  private static func extreme(_ name: String, _ summary: String, _ reduction: TensorMath.Reduction) -> TensorFunction {
    let values = Parameter(
      "values", .value(TensorFunction.operand), doc: "The tensor, or two of them.", positional: true, required: true,
      variadic: true)
    return TensorFunction(
      name, summary, [values, TensorFunction.axes, TensorFunction.keep], result: .any,
      example: Example("\(name)(arange(6), 3)", "Number by number.")
    ) { each in
      let all = each.call.all("values")
      if all.count == 1 { return try reduce(reduction, each, "values") }
      let tensors = try all.map { value in
        guard let tensor = value.tensor else { throw each.call.wrong("values", TensorFunction.operand) }
        return tensor
      }
      guard !each.call.isGiven("axis"), let first = tensors.first else {
        throw each.call.domain("several tensors are compared number by number", expected: "one tensor with axis=")
      }
      return each.value(
        try tensors.dropFirst().reduce(first) {
          try each.math.apply(reduction == .max ? .maximum : .minimum, $0, $1, sign: name)
        })
    }
  }

  private static func place(_ name: String, _ summary: String, largest: Bool) -> TensorFunction {
    TensorFunction(
      name, summary, details: "The first of equal numbers.",
      [TensorFunction.x(), TensorFunction.axis(nil, "Axis to search along; all of the tensor without.")], result: .any,
      example: Example("\(name)(tensor([3, 9, 1]))", "A place.")
    ) { each in
      let x = try each.tensor("x")
      if let axis = try each.axis() {
        return each.value(try each.math.extremePlaces(x, axis: axis, largest: largest))
      }
      return each.value(
        try each.math.extremePlaces(try each.math.reshape(x, [x.count]), axis: 0, largest: largest))
    }
  }

  private static func test(_ name: String, _ summary: String, _ reduction: TensorMath.Reduction) -> TensorFunction {
    TensorFunction(name, summary, [TensorFunction.x("list"), TensorFunction.axes, TensorFunction.keep], result: .any) {
      each in
      let x = try each.tensor("list")
      let flags = try each.math.truths(x)
      if let axes = try axes(each) {
        return each.value(
          try each.math.reduce(reduction, flags, axes: axes, keeping: try each.call.bool("keep")))
      }
      if x.count == 0 { return .bool(name == "all") }
      return .bool(try each.math.reduce(reduction, flags) != 0)
    }
  }
}
