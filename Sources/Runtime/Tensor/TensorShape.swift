/// The sizes of a tensor, outermost first; the last dimension is the contiguous one.
public struct TensorShape: Equatable, Hashable, Sendable {
  public let sizes: [Int]
  /// Numbers in all; known to fit.
  public let count: Int

  /// Dimensions a tensor may have.
  public static let mostDimensions = 8

  /// - Throws: `RuntimeProblem` K703 for a negative size or too many dimensions, K704 if the count overflows.
  public init(_ sizes: [Int]) throws {
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.count <= Self.mostDimensions else {
      throw RuntimeProblem(
        "K703", seen: "the shape \(Self.text(sizes))",
        expected: "at most \(Self.mostDimensions) sizes, none below 0")
    }
    var count = 1
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { throw TensorProblems.tooLarge(sizes, limit: TensorMath.mostNumbers) }
      count = product
    }
    self.sizes = sizes
    self.count = count
  }

  /// Sizes that are known to be right, such as part of another shape.
  init(known sizes: [Int]) {
    self.sizes = sizes
    count = sizes.reduce(1, *)
  }

  public var dimensions: Int { sizes.count }

  /// The place of an axis; a negative one counts from the last.
  ///
  /// - Throws: `RuntimeProblem` K702 if there is none.
  public func axis(_ axis: Int) throws -> Int {
    let place = axis < 0 ? axis &+ dimensions : axis
    guard sizes.indices.contains(place) else {
      throw RuntimeProblem(
        "K702", seen: "axis=\(axis) of a tensor of shape \(self)",
        expected: dimensions == 0
          ? "a tensor with axes" : "-\(dimensions) to \(dimensions - 1): axes count from 0, and back from -1")
    }
    return place
  }

  /// Numbers before, along and behind an axis: the tensor is [outer, size, inner].
  func around(_ axis: Int) -> (outer: Int, size: Int, inner: Int) {
    (sizes[..<axis].reduce(1, *), sizes[axis], sizes[(axis + 1)...].reduce(1, *))
  }

  /// The shape without an axis, or with size 1 there.
  func reduced(_ axis: Int, keeping: Bool) -> TensorShape {
    var sizes = sizes
    if keeping { sizes[axis] = 1 } else { sizes.remove(at: axis) }
    return TensorShape(known: sizes)
  }

  /// Numbers from one element of an axis to its next.
  var strides: [Int] {
    var strides = [Int](repeating: 1, count: dimensions)
    for axis in stride(from: dimensions - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * sizes[axis + 1] }
    return strides
  }

  /// The shape that both stretch to: from the last axis on sizes are equal, or one of them is 1 or missing.
  ///
  /// - Throws: `RuntimeProblem` K701 with both shapes.
  func broadcast(with other: TensorShape, for operation: String) throws -> TensorShape {
    if self == other { return self }
    let dimensions = max(self.dimensions, other.dimensions)
    var joined = [Int](repeating: 1, count: dimensions)
    for back in 1...max(dimensions, 1) where back <= dimensions {
      let a = back <= self.dimensions ? sizes[self.dimensions - back] : 1
      let b = back <= other.dimensions ? other.sizes[other.dimensions - back] : 1
      guard a == b || a == 1 || b == 1 else {
        throw TensorProblems.shapes(
          operation, self, other, expected: "from the last axis on equal sizes, or 1 on one side (\(a) and \(b) differ)"
        )
      }
      joined[dimensions - back] = a == 1 ? b : a
    }
    return try TensorShape(joined)
  }

  /// Strides by which this shape is read as a larger one it stretches to; 0 along a stretched axis.
  func strides(asPartOf whole: TensorShape) -> [Int] {
    let own = strides
    let missing = whole.dimensions - dimensions
    return whole.sizes.indices.map { axis in
      axis < missing || sizes[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  fileprivate static func text(_ sizes: [Int]) -> String { "[" + sizes.map(String.init).joined(separator: ", ") + "]" }
}

extension TensorShape: CustomStringConvertible {
  public var description: String { Self.text(sizes) }
}
