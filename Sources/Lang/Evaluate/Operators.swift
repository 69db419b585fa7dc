import Foundation

/// What the operators mean for every pair of types.
enum Operators {
  /// Applies an operator; with `missing`, a nil operand makes arithmetic nil and comparisons false, as in a table.
  static func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value, missing: Bool, at span: Span) throws
    -> Value
  {
    if let result = try byHost(operation, left, right, span) { return result }
    switch operation {
    case .equal: return .bool(left == right)
    case .unequal: return .bool(left != right)
    case .less, .lessEqual, .greater, .greaterEqual: return try compare(operation, left, right, missing, span)
    case .contains: return .bool(try contains(left, right, span))
    case .and, .or: return try logic(operation, left, right, span)
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .power, .matrix: break
    }
    if missing {
      if case .nil = left { return .nil }
      if case .nil = right { return .nil }
    }
    switch (left, right) {
    case (.int(let a), .int(let b)): return try ints(operation, a, b, span)
    case (.bytes(let a), .bytes(let b)): return try sizes(operation, a, b, span)
    case (.bytes(let a), .int(let b)) where operation == .multiply || operation == .floorDivide:
      guard case .int(let result) = try ints(operation, a, b, span) else { break }
      return .bytes(result)
    case (.int(let a), .bytes(let b)) where operation == .multiply:
      guard case .int(let result) = try ints(operation, a, b, span) else { break }
      return .bytes(result)
    case (.string(let a), .string(let b)) where operation == .add: return .string(a + b)
    case (.list(let a), .list(let b)) where operation == .add: return .list(a + b)
    case (.string(let text), .int(let times)) where operation == .multiply,
      (.int(let times), .string(let text)) where operation == .multiply:
      return .string(String(repeating: text, count: text.isEmpty ? 0 : max(0, times)))
    case (.list(let elements), .int(let times)) where operation == .multiply,
      (.int(let times), .list(let elements)) where operation == .multiply:
      return .list(Array([[Value]](repeating: elements, count: elements.isEmpty ? 0 : max(0, times)).joined()))
    default: if let result = try scaled(operation, left, right, span) { return result }
    }
    throw Problem.operation(operation.rawValue, left.type, right.type, at: span)
  }

  /// What a host value on either side makes of the operator.
  private static func byHost(_ operation: BinaryOperator, _ left: Value, _ right: Value, _ span: Span) throws -> Value?
  {
    if case .object(let object) = left, let result = try object.apply(operation, left, right, at: span) {
      return result
    }
    guard case .object(let object) = right else { return nil }
    return try object.apply(operation, left, right, at: span)
  }

  private static func ints(_ operation: BinaryOperator, _ a: Int, _ b: Int, _ span: Span) throws -> Value {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = a.addingReportingOverflow(b)
    case .subtract: result = a.subtractingReportingOverflow(b)
    case .multiply: result = a.multipliedReportingOverflow(by: b)
    case .divide:
      if b == 0 { throw Problem.divisionByZero(at: span) }
      return .float(Double(a) / Double(b))
    case .floorDivide, .remainder:
      if b == 0 { throw Problem.divisionByZero(at: span) }
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      if overflow {
        if operation == .remainder { return .int(0) }
        throw Problem.overflow(at: span)
      }
      let rest = a &- quotient &* b
      let isBelow = rest != 0 && (rest < 0) != (b < 0)
      return .int(operation == .floorDivide ? quotient &- (isBelow ? 1 : 0) : rest &+ (isBelow ? b : 0))
    case .power: return try power(a, b, span)
    default: throw Problem.operation(operation.rawValue, .int, .int, at: span)
    }
    if result.overflow { throw Problem.overflow(at: span) }
    return .int(result.partialValue)
  }

  private static func power(_ base: Int, _ exponent: Int, _ span: Span) throws -> Value {
    if exponent < 0 { return .float(pow(Double(base), Double(exponent))) }
    var result = 1
    var square = base
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 {
        let (product, overflow) = result.multipliedReportingOverflow(by: square)
        if overflow { throw Problem.overflow(at: span) }
        result = product
      }
      rest >>= 1
      if rest > 0 {
        let (product, overflow) = square.multipliedReportingOverflow(by: square)
        if overflow { throw Problem.overflow(at: span) }
        square = product
      }
    }
    return .int(result)
  }

  private static func floats(_ operation: BinaryOperator, _ a: Double, _ b: Double, _ span: Span) throws -> Double? {
    switch operation {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide, .floorDivide, .remainder:
      if b == 0 { throw Problem.divisionByZero(at: span) }
      if operation == .divide { return a / b }
      return operation == .floorDivide ? (a / b).rounded(.down) : a - (a / b).rounded(.down) * b
    case .power: return pow(a, b)
    default: return nil
    }
  }

  private static func sizes(_ operation: BinaryOperator, _ a: Int, _ b: Int, _ span: Span) throws -> Value {
    switch operation {
    case .add, .subtract, .remainder:
      guard case .int(let result) = try ints(operation, a, b, span) else { break }
      return .bytes(result)
    case .divide, .floorDivide: return try ints(operation, a, b, span)
    default: break
    }
    throw Problem.operation(operation.rawValue, .bytes, .bytes, at: span)
  }

  /// Floats, and shares and sizes scaled by numbers.
  private static func scaled(_ operation: BinaryOperator, _ left: Value, _ right: Value, _ span: Span) throws -> Value?
  {
    if let a = left.asDouble, let b = right.asDouble { return try floats(operation, a, b, span).map { .float($0) } }
    switch (left, right) {
    case (.share(let a), .share(let b)):
      let result = try floats(operation, a, b, span)
      return operation == .add || operation == .subtract ? result.map { .share($0) } : result.map { .float($0) }
    case (.share(let a), .bytes(let b)), (.bytes(let b), .share(let a)):
      return operation == .multiply ? try size(a * Double(b), span) : nil
    case (.share(let a), _):
      guard operation == .multiply || operation == .divide, let b = right.asDouble else { return nil }
      let result = try floats(operation, a, b, span)
      return operation == .divide ? result.map { .share($0) } : result.map { .float($0) }
    case (_, .share(let b)):
      guard operation == .multiply || operation == .divide, let a = left.asDouble else { return nil }
      return try floats(operation, a, b, span).map { .float($0) }
    case (.bytes(let a), _):
      guard operation == .multiply || operation == .divide, let b = right.asDouble else { return nil }
      return try floats(operation, Double(a), b, span).map { try size($0, span) }
    case (_, .bytes(let b)):
      guard operation == .multiply, let a = left.asDouble else { return nil }
      return try size(a * Double(b), span)
    default: return nil
    }
  }

  private static func size(_ bytes: Double, _ span: Span) throws -> Value {
    guard let whole = Int(exactly: bytes.rounded()) else { throw Problem.overflow(at: span) }
    return .bytes(whole)
  }

  private static func compare(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ missing: Bool, _ span: Span
  ) throws -> Value {
    if missing {
      if case .nil = left { return .bool(false) }
      if case .nil = right { return .bool(false) }
    }
    guard let order = left.order(right) else {
      if left.asDouble != nil, right.asDouble != nil { return .bool(false) }
      throw Problem.operation(operation.rawValue, left.type, right.type, at: span)
    }
    switch operation {
    case .less: return .bool(order < 0)
    case .lessEqual: return .bool(order <= 0)
    case .greater: return .bool(order > 0)
    default: return .bool(order >= 0)
    }
  }

  private static func contains(_ left: Value, _ right: Value, _ span: Span) throws -> Bool {
    switch (left, right) {
    case (_, .list(let elements)): return elements.contains(left)
    case (.string(let part), .string(let whole)): return part.isEmpty || whole.contains(part)
    case (.string(let key), .record(let record)): return record[key] != nil
    case (.string(let name), .table(let table)): return table.columnIndex(name) != nil
    case (.int(let number), .range(let range)):
      let (low, high) = range.step > 0 ? (range.first, range.last) : (range.last, range.first)
      guard number >= low, number <= high else { return false }
      let (offset, overflow) = number.subtractingReportingOverflow(range.first)
      return !overflow && (range.step == -1 || offset % range.step == 0)
    default: throw Problem.operation("in", left.type, right.type, at: span)
    }
  }

  private static func logic(_ operation: BinaryOperator, _ left: Value, _ right: Value, _ span: Span) throws -> Value {
    guard case .bool(let a) = left else { throw Problem.notACondition(left.type, at: span) }
    guard case .bool(let b) = right else { throw Problem.notACondition(right.type, at: span) }
    return .bool(operation == .and ? a && b : a || b)
  }

  static func negate(_ value: Value, missing: Bool, at span: Span) throws -> Value {
    switch value {
    case .int(let number):
      if number == Int.min { throw Problem.overflow(at: span) }
      return .int(-number)
    case .float(let number): return .float(-number)
    case .share(let share): return .share(-share)
    case .nil where missing: return .nil
    case .object(let object):
      if let negated = try object.negated(at: span) { return negated }
      throw Problem.operation("-", value.type, at: span)
    default: throw Problem.operation("-", value.type, at: span)
    }
  }
}
