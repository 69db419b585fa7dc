import Lang
import Runtime

/// A tensor in the language; type `tensor`. Operators, subscripts and functions work on it as on numbers.
struct TensorValue: LangObject {
  let tensor: Tensor
  let math: TensorMath

  init(_ tensor: Tensor, _ math: TensorMath) {
    self.tensor = tensor
    self.math = math
  }

  /// The word for the type, for signatures.
  static let type = ValueType.object("tensor")

  var typeName: String { "tensor" }
  var display: String { TensorDisplay().render(tensor, math) }
  func isEqual(to other: any LangObject) -> Bool { (other as? TensorValue)?.tensor == tensor }
  var fieldNames: [String] { ["shape", "dtype", "count"] }

  func field(_ name: String) -> Value? {
    switch name {
    case "shape": .list(tensor.sizes.map { .int($0) })
    case "dtype": .string(tensor.element.rawValue)
    case "count": .int(tensor.count)
    default: nil
    }
  }

  var elementCount: Int? { tensor.sizes.first }

  /// A tensor as a value: one without axes is a number.
  static func value(_ tensor: Tensor, _ math: TensorMath) -> Value {
    guard tensor.shape.dimensions == 0 else { return .object(TensorValue(tensor, math)) }
    switch tensor.element {
    case .float32: return .float(Double(tensor[0]))
    case .int32: return Int(exactly: tensor[0]).map { .int($0) } ?? .float(Double(tensor[0]))
    case .bool: return .bool(tensor[0] != 0)
    }
  }

  // MARK: Operators

  func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value, at span: Span) throws -> Value? {
    guard let a = left.tensor, let b = right.tensor else { return nil }
    return try placing(span) {
      guard let result = try Self.result(operation, a, b, math) else { return nil }
      return Self.value(result, math)
    }
  }

  private static func result(_ operation: BinaryOperator, _ a: Tensor, _ b: Tensor, _ math: TensorMath) throws
    -> Tensor?
  {
    let sign = operation.rawValue
    switch operation {
    case .add: return try math.apply(.add, a, b, sign: sign)
    case .subtract: return try math.apply(.subtract, a, b, sign: sign)
    case .multiply: return try math.apply(.multiply, a, b, sign: sign)
    case .divide: return try math.apply(.divide, a, b, sign: sign)
    case .floorDivide: return try math.apply(.floor, try math.apply(.divide, a, b, sign: sign))
    case .remainder: return try math.remainder(a, b)
    case .power: return try math.power(a, b)
    case .matrix: return try math.product(a, b)
    case .less: return try math.apply(.less, a, b, sign: sign)
    case .lessEqual: return try math.apply(.lessEqual, a, b, sign: sign)
    case .greater: return try math.apply(.less, b, a, sign: sign)
    case .greaterEqual: return try math.apply(.lessEqual, b, a, sign: sign)
    case .equal: return try math.apply(.equal, a, b, sign: sign)
    case .unequal: return try math.apply(.unequal, a, b, sign: sign)
    case .contains, .and, .or: return nil
    }
  }

  func negated(at span: Span) throws -> Value? {
    try placing(span) { Self.value(try math.apply(.negate, tensor), math) }
  }

  // MARK: Subscripts

  func element(_ subscripts: [Subscript], at span: Span) throws -> Value? {
    if subscripts.count == 1, case .index(.object(let object)) = subscripts[0], let mask = object as? TensorValue,
      mask.tensor.element == .bool
    {
      return try placing(span) { Self.value(try math.choose(tensor, mask.tensor), math) }
    }
    let parts = try subscripts.map { each -> TensorMath.Subscript? in
      switch each {
      case .slice(let low, let high): .slice(low: try bound(low, span), high: try bound(high, span))
      case .index(.int(let place)): .place(place)
      case .index(let value): value.places.map { .places($0) }
      }
    }
    guard !parts.contains(nil) else { return nil }
    return try placing(span) { Self.value(try math.part(tensor, parts.compactMap { $0 }), math) }
  }

  private func bound(_ value: Value, _ span: Span) throws -> Int? {
    switch value {
    case .nil: return nil
    case .int(let place): return place
    default:
      throw Problem(
        "K045", seen: "a tensor is sliced by a \(value.type.name)", expected: "whole numbers", labels: [.init(span)])
    }
  }

  private func placing(_ span: Span, _ work: () throws -> Value?) throws -> Value? {
    do {
      return try work()
    } catch let problem as RuntimeProblem {
      throw Problem(problem, at: span)
    }
  }
}

extension Value {
  /// The tensor behind a tensor, a number, true or false, a share, or a list of lists of them of one length.
  var tensor: Tensor? {
    switch self {
    case .object(let object): return (object as? TensorValue)?.tensor
    case .list(let elements):
      var numbers: [Float] = []
      var kind = Tensor.Element.bool
      guard let sizes = Self.collect(elements, into: &numbers, &kind, depth: 0) else { return nil }
      return try? Tensor(sizes, numbers, element: kind)
    case .range(let range):
      guard range.count <= 1 << 24 else { return nil }
      return try? Tensor([range.count], (0..<range.count).map { Float(range[$0]) }, element: .int32)
    default:
      guard let (number, kind) = scalar else { return nil }
      return try? Tensor([], [number], element: kind)
    }
  }

  private var scalar: (Float, Tensor.Element)? {
    switch self {
    case .int(let number): (Float(number), abs(number) <= 1 << 24 ? .int32 : .float32)
    case .float(let number): (Float(number), .float32)
    case .bool(let flag): (flag ? 1 : 0, .bool)
    case .share(let share): (Float(share), .float32)
    default: nil
    }
  }

  /// Sizes of nested lists, their numbers appended; nil if they are ragged or hold something else.
  private static func collect(
    _ elements: [Value], into numbers: inout [Float], _ kind: inout Tensor.Element, depth: Int
  ) -> [Int]? {
    guard depth < TensorShape.mostDimensions else { return nil }
    var inner: [Int]?
    for element in elements {
      var sizes: [Int] = []
      if case .list(let more) = element {
        guard let found = collect(more, into: &numbers, &kind, depth: depth + 1) else { return nil }
        sizes = found
      } else if case .object(let object) = element, let tensor = (object as? TensorValue)?.tensor {
        numbers += tensor.numbers
        kind = kind == tensor.element ? kind : .float32
        sizes = tensor.sizes
      } else if let (number, found) = element.scalar {
        numbers.append(number)
        kind = numbers.count == 1 ? found : kind == found ? kind : .float32
      } else {
        return nil
      }
      guard inner == nil || inner == sizes else { return nil }
      inner = sizes
    }
    if elements.isEmpty { kind = .float32 }
    return [elements.count] + (inner ?? [])
  }

  /// Places given as a list, a range or a tensor of whole numbers.
  var places: [Int]? {
    switch self {
    case .list(let elements):
      let places = elements.compactMap { if case .int(let place) = $0 { place } else { nil } }
      return places.count == elements.count ? places : nil
    case .range(let range): return range.count <= 1 << 24 ? (0..<range.count).map { range[$0] } : nil
    case .object(let object):
      guard let tensor = (object as? TensorValue)?.tensor, tensor.shape.dimensions == 1 else { return nil }
      let places = tensor.numbers.compactMap { Int(exactly: $0) }
      return places.count == tensor.count ? places : nil
    default: return nil
    }
  }
}
