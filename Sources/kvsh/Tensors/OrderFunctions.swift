import Lang
import Runtime

extension TensorFunctions {
  /// Order and running sums along an axis.
  static let order: [TensorFunction] = [
    TensorFunction(
      "sort", "the numbers along an axis in order; NaN last",
      [
        TensorFunction.x("list"), Parameter("key", .value(.nil), doc: "For lists only.", positional: true),
        TensorFunction.axis(-1, "Axis to sort along."),
        Parameter("descending", .bool, default: .bool(false), doc: "Largest first."),
      ]
    ) { each in
      each.value(
        try each.math.sort(
          try each.tensor("list"), axis: try each.call.int("axis"), descending: try each.call.bool("descending")))
    },
    TensorFunction(
      "argsort", "the places that put the numbers along an axis in order; equal ones by place",
      [
        TensorFunction.x(), TensorFunction.axis(-1, "Axis to sort along."),
        Parameter("descending", .bool, default: .bool(false), doc: "Largest first."),
      ], example: Example("argsort(tensor([3, 1, 2]))", "1, 2, 0.")
    ) { each in
      each.value(
        try each.math.order(
          try each.tensor("x"), axis: try each.call.int("axis"), descending: try each.call.bool("descending")))
    },
    TensorFunction(
      "topk", "the k largest numbers along an axis and their places, largest first",
      [
        TensorFunction.x(),
        Parameter("k", .int, range: 0...16_777_216, doc: "How many.", positional: true, required: true),
        TensorFunction.axis(-1, "Axis to search along."),
      ], result: .record, example: Example("topk(tensor([3, 9, 1]), 2).places", "1, 0.")
    ) { each in
      let found = try each.math.largest(
        try each.tensor("x"), count: try each.call.int("k"), axis: try each.call.int("axis"))
      return .record(Record([("values", each.value(found.values)), ("places", each.value(found.places))]))
    },
    TensorFunction(
      "cumsum", "sums up to and with each number along an axis",
      [TensorFunction.x(), TensorFunction.axis(-1, "Axis to add along.")],
      example: Example("cumsum(arange(5))", "0, 1, 3, 6, 10.")
    ) { each in each.value(try each.math.cumulativeSum(try each.tensor("x"), axis: try each.call.int("axis"))) },
  ]
}
