import Lang
import Runtime

extension TensorFunctions {
  /// The same numbers in another order.
  static let shapes: [TensorFunction] = [
    TensorFunction(
      "reshape", "the same numbers in another shape; one size may be -1, which is what is left",
      [TensorFunction.x(), TensorFunction.sizes], example: Example("reshape(arange(6), 2, -1)", "Two rows of three.")
    ) { each in each.value(try each.math.reshape(try each.tensor("x"), try each.sizes())) },
    TensorFunction(
      "transpose", "the axes in another order; reversed if none is given",
      [
        TensorFunction.x(),
        Parameter(
          "axes", .value(.union([.int, .list])), doc: "All axes in their new order.", positional: true, variadic: true),
      ], example: Example("transpose(zeros(2, 3)).shape", "[3, 2].")
    ) { each in each.value(try each.math.transpose(try each.tensor("x"), try each.sizes("axes"))) },
    TensorFunction(
      "concat", "tensors one behind the other along an axis",
      [
        Parameter(
          "tensors", .value(TensorFunction.operand), doc: "Two or more tensors, or a list of them.", positional: true,
          required: true, variadic: true), TensorFunction.axis(0, "Axis to join along."),
      ], example: Example("concat(arange(2), arange(3))", "Five numbers.")
    ) { each in
      var values = each.call.all("tensors")
      if values.count == 1, case .list(let elements) = values[0] { values = elements }
      let tensors = try values.map { value in
        guard let tensor = value.tensor else { throw each.call.wrong("tensors", TensorValue.type) }
        return tensor
      }
      return each.value(try each.math.concatenate(tensors, axis: try each.call.int("axis")))
    },
    TensorFunction(
      "gather", "numbers at chosen places along an axis",
      details: """
        Places in one row choose the same elements everywhere. Places in as many axes as the tensor has choose for each \
        line its own, as topk and argsort name them.
        """,
      [
        TensorFunction.x(), TensorFunction.x("places", "Whole numbers from 0."),
        TensorFunction.axis(-1, "Axis to choose along."),
      ], example: Example("gather(arange(5) * 10, [4, 0])", "40, 0.")
    ) { each in
      let (x, axis) = (try each.tensor("x"), try each.call.int("axis"))
      let places = try each.tensor("places")
      if places.shape.dimensions <= 1, x.shape.dimensions != places.shape.dimensions || x.shape.dimensions == 1 {
        let whole = places.numbers.compactMap { Int(exactly: $0) }
        guard whole.count == places.count else { throw each.call.domain("places are whole numbers") }
        return each.value(try each.math.take(x, whole, axis: axis))
      }
      return each.value(try each.math.gather(x, places, axis: axis))
    },
    TensorFunction(
      "list", "the numbers of a tensor as lists of lists", [TensorFunction.x()], result: .list,
      example: Example("list(arange(3))", "[0, 1, 2].")
    ) { each in
      let x = try each.tensor("x")
      guard x.count <= 10_000_000 else { throw each.call.domain("\(x.count) numbers", expected: "at most 10,000,000") }
      return try lists(x, each.math)
    },
  ]

  private static func lists(_ x: Tensor, _ math: TensorMath) throws -> Value {
    guard x.shape.dimensions > 1 else {
      return .list(
        try (0..<x.count).map { place in TensorValue.value(try math.part(x, [.place(place)]), math) })
    }
    return .list(try (0..<x.sizes[0]).map { try lists(try math.part(x, [.place($0)]), math) })
  }
}
