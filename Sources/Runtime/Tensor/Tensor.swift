/// Numbers of single precision in a box of some shape, row-major: an immutable value.
public struct Tensor: Sendable {
  /// What the numbers mean; all are stored in single precision.
  public enum Element: String, Sendable {
    case float32
    /// Whole numbers, such as places and codes; exact up to 16,777,216.
    case int32
    /// 1 and 0.
    case bool
  }

  public let shape: TensorShape
  public let element: Element
  let storage: AlignedBuffer<Float>

  /// - Parameter storage: at least `shape.count` numbers, never written again.
  init(_ shape: TensorShape, _ storage: AlignedBuffer<Float>, _ element: Element = .float32) {
    self.shape = shape
    self.storage = storage
    self.element = element
  }

  /// A copy of numbers in row-major order.
  ///
  /// - Throws: `RuntimeProblem` K701 if there are not as many as the shape has; K703, K704 for the shape.
  public init(_ sizes: [Int], _ numbers: [Float], element: Element = .float32) throws {
    let shape = try TensorShape(sizes)
    guard shape.count == numbers.count else {
      throw RuntimeProblem(
        "K701", seen: "\(numbers.count) numbers for the shape \(shape)", expected: "\(shape.count) numbers")
    }
    self.init(shape, numbers, element)
  }

  init(_ shape: TensorShape, _ numbers: [Float], _ element: Element = .float32) {
    let storage = AlignedBuffer<Float>(count: shape.count)
    storage.base.update(from: numbers, count: min(numbers.count, shape.count))
    self.init(shape, storage, element)
  }

  public var count: Int { shape.count }
  public var sizes: [Int] { shape.sizes }

  /// All numbers, row-major.
  public var numbers: [Float] { Array(UnsafeBufferPointer(start: storage.base, count: count)) }

  /// The number at a row-major place that exists.
  public subscript(place: Int) -> Float { storage.base[place] }

  /// Reads the numbers where they lie.
  public func withNumbers<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(storage) { try body(UnsafeBufferPointer(start: storage.base, count: count)) }
  }

  var base: UnsafePointer<Float> { UnsafePointer(storage.base) }

  /// The same numbers in another shape of as many.
  func reshaped(_ shape: TensorShape) -> Tensor { Tensor(shape, storage, element) }

  func labelled(_ element: Element) -> Tensor { Tensor(shape, storage, element) }
}

extension Tensor: Equatable {
  /// Same shape and same numbers; NaN differs from itself.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape && (0..<left.count).allSatisfy { left.base[$0] == right.base[$0] }
  }
}
