import Foundation

/// Numbers of single precision in a box of some shape, row-major: an immutable value.
public struct Tensor: Sendable {
  /// What the numbers mean; whatever that is, they are read in single precision.
  public enum Element: String, Sendable {
    case float32
    /// Whole numbers, such as places and codes; exact up to 16,777,216.
    case int32
    /// 1 and 0.
    case bool
  }

  public let shape: TensorShape
  public let element: Element
  let storage: TensorStorage

  init(_ shape: TensorShape, _ storage: TensorStorage, _ element: Element) {
    self.shape = shape
    self.storage = storage
    self.element = element
  }

  /// - Parameter floats: at least `shape.count` numbers, never written again.
  init(_ shape: TensorShape, _ floats: AlignedBuffer<Float>, _ element: Element = .float32) {
    self.init(shape, .floats(floats), element)
  }

  /// - Parameter truths: at least `shape.count` bytes of 0 and 1, never written again.
  init(_ shape: TensorShape, truths: AlignedBuffer<UInt8>, _ element: Element = .bool) {
    self.init(shape, .truths(TruthStorage(truths)), element)
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
  public var numbers: [Float] {
    switch storage {
    case .floats(let floats): Array(UnsafeBufferPointer(start: floats.base, count: count))
    case .truths(let truths): (0..<count).map { Float(truths.bytes.base[$0]) }
    }
  }

  /// The number at a row-major place that exists.
  public subscript(place: Int) -> Float {
    switch storage {
    case .floats(let floats): floats.base[place]
    case .truths(let truths): Float(truths.bytes.base[place])
    }
  }

  /// Reads the numbers where they lie, truths as floats made for it.
  public func withNumbers<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(storage) { try body(UnsafeBufferPointer(start: base, count: count)) }
  }

  /// The numbers as floats; `TensorMath.floats` makes those of truths faster, and asks for the memory.
  var base: UnsafePointer<Float> {
    switch storage {
    case .floats(let floats): UnsafePointer(floats.base)
    case .truths(let truths): UnsafePointer(truths.floats.base)
    }
  }

  /// Whether the numbers lie as bytes of 0 and 1, which `element` does not say.
  var isTruths: Bool { if case .truths = storage { true } else { false } }

  /// The same numbers in another shape of as many.
  func reshaped(_ shape: TensorShape) -> Tensor { Tensor(shape, storage, element) }

  func labelled(_ element: Element) -> Tensor { Tensor(shape, storage, element) }
}

extension Tensor: Equatable {
  /// Same shape and same numbers; NaN differs from itself.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.shape == right.shape else { return false }
    if case .truths(let a) = left.storage, case .truths(let b) = right.storage {
      return memcmp(a.bytes.base, b.bytes.base, left.count) == 0
    }
    return left.withNumbers { a in right.withNumbers { b in a.indices.allSatisfy { a[$0] == b[$0] } } }
  }
}
