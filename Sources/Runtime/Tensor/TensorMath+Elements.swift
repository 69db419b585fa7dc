import Foundation
import KernelABI

/// Work on every number by itself.
extension TensorMath {
  /// operation(x), number by number.
  public func apply(_ operation: TensorUnary, _ x: Tensor) throws -> Tensor {
    let x = try floats(x)
    let out = try memory(x.shape)
    share(x.count) { kernels.tensors.unary(operation, x.base + $0.lowerBound, $0.count, out.base + $0.lowerBound) }
    let isCount = x.element != .float32 && [.negate, .absolute, .round, .floor, .ceiling, .sign].contains(operation)
    return Tensor(x.shape, out, isCount ? .int32 : .float32)
  }

  /// operation(a, b) of tensors that stretch to one shape.
  ///
  /// - Parameter sign: how the operation is written, for problems.
  /// - Throws: `RuntimeProblem` K701 if the shapes do not go together.
  public func apply(_ operation: TensorBinary, _ a: Tensor, _ b: Tensor, sign: String) throws -> Tensor {
    let walk = try Broadcast([a, b], for: sign)
    let out = try memory(walk.shape)
    try runFloats(walk, a, b) { x, y, place, count in
      kernels.tensors.binary(operation, x, walk.steps[0], y, walk.steps[1], count, out.base + place)
    }
    return Tensor(walk.shape, out, Self.element(operation, a, b))
  }

  private static func element(_ operation: TensorBinary, _ a: Tensor, _ b: Tensor) -> Tensor.Element {
    switch operation {
    case .minimum, .maximum: a.element == b.element ? a.element : .float32
    case .add, .subtract, .multiply, .divide: .float32
    }
  }

  /// a where the condition is not 0, b elsewhere.
  ///
  /// - Throws: `RuntimeProblem` K701 if the shapes do not go together.
  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    let walk = try Broadcast([condition, a, b], for: "where")
    let (truths, a, b) = (try truths(of: condition), try floats(a), try floats(b))
    let out = try memory(walk.shape)
    walk.run(self) { from, place, count in
      kernels.tensors.select(
        truths.base + from.0, walk.steps[0], a.base + from.1, walk.steps[1], b.base + from.2, walk.steps[2], count,
        out.base + place)
    }
    return Tensor(walk.shape, out, a.element == b.element ? a.element : .float32)
  }

  /// a to the power of b; squares, square roots and reciprocals are computed as such.
  ///
  /// - Throws: `RuntimeProblem` K701 if the shapes do not go together.
  public func power(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    if b.count == 1, b.shape.dimensions == 0 {
      switch b[0] {
      case 1: return a
      case 2: return try apply(.square, a)
      case 0.5: return try apply(.squareRoot, a)
      case -1: return try apply(.reciprocal, a)
      default: break
      }
    }
    return try combine(a, b, "**") { powf($0, $1) }
  }

  /// The remainder of a division rounded down, with the sign of the divisor; NaN for a divisor of 0.
  public func remainder(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    try combine(a, b, "%") { a, b in
      let rest = fmodf(a, b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }
  }

  /// A function of the C library, number by number.
  private func combine(_ a: Tensor, _ b: Tensor, _ sign: String, _ body: (Float, Float) -> Float) throws -> Tensor {
    let walk = try Broadcast([a, b], for: sign)
    let (a, b) = (try floats(a), try floats(b))
    let out = try memory(walk.shape)
    let (aStep, bStep) = (walk.steps[0], walk.steps[1])
    walk.run(self) { from, place, count in
      let (x, y) = (a.base + from.0, b.base + from.1)
      for index in 0..<count { out.base[place + index] = body(x[index * aStep], y[index * bStep]) }
    }
    return Tensor(walk.shape, out)
  }

  /// The numbers cut to low...high; NaN stays.
  public func clamp(_ x: Tensor, _ low: Float, _ high: Float) throws -> Tensor {
    let raised = try apply(.maximum, x, Tensor(TensorShape(known: []), [low]), sign: "clamp")
    return try apply(.minimum, raised, Tensor(TensorShape(known: []), [high]), sign: "clamp").labelled(x.element)
  }
}
