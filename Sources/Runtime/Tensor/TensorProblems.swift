/// Codes of tensors, for `help K701`.
public enum TensorProblems {
  public static let all: [(code: String, title: String, explanation: String)] = [
    (
      "K701", "Shapes do not go together",
      "Two tensors join element by element if, from the last axis on, their sizes are equal or one of them is 1. `a @ b` "
        + "needs the last size of a to be the last but one of b. Both shapes are in the sentence."
    ),
    ("K702", "No such axis", "Axes count from 0; -1 is the last."),
    ("K703", "Not a shape", "A shape is a list of at most eight sizes; none is below 0."),
    (
      "K704", "A tensor too large",
      "A tensor has at most 512 Mi numbers (2 GiB), and no more than the machine has memory for. Work on a slice."
    ),
    ("K705", "An argument that does not fit the tensor", "The sentence says what the numbers or the shape allow."),
    ("K706", "A file without a readable tensor", "`load` reads tensors from .safetensors and .npy files."),
    ("K707", "A decomposition that failed", "LAPACK found no decomposition, as for NaN or infinity."),
    ("K708", "No such place", "Elements of an axis count from 0, and back from -1."),
  ]

  static func shapes(_ operation: String, _ a: TensorShape, _ b: TensorShape, expected: String) -> RuntimeProblem {
    RuntimeProblem("K701", seen: "`\(operation)` of the shapes \(a) and \(b)", expected: expected)
  }

  static func tooLarge(_ sizes: [Int], limit: Int) -> RuntimeProblem {
    RuntimeProblem(
      "K704", seen: "a tensor of shape [\(sizes.map(String.init).joined(separator: ", "))]",
      expected: "at most \(limit.grouped) numbers", suggestion: "work on a slice")
  }

  static func place(_ index: Int, _ axis: Int, _ shape: TensorShape) -> RuntimeProblem {
    let size = shape.sizes[axis]
    return RuntimeProblem(
      "K708", seen: "place \(index) on axis \(axis) of a tensor of shape \(shape)",
      expected: size == 0 ? "nothing: the axis is empty" : "0 to \(size - 1), or -1 for the last")
  }
}
