extension Compiler {
  func binary(_ operation: BinaryOperator, _ left: Expression, _ right: Expression, at span: Span) -> Piece {
    if operation == .and || operation == .or {
      let (first, second) = (condition(left), condition(right))
      if operation == .and { return Piece(code: { .bool(try first($0) && second($0)) }, type: .bool) }
      return Piece(code: { .bool(try first($0) || second($0)) }, type: .bool)
    }
    let (a, b) = (expression(left), expression(right))
    let missing = scope.isInsideRow
    guard let type = Self.resultType(operation, a.type, b.type) else {
      report(.operation(operation.rawValue, a.type, b.type, at: span))
      return .broken
    }
    if let x = a.constant, let y = b.constant, Self.isFoldable(x), Self.isFoldable(y), !Self.repeats(operation, x, y),
      let value = try? Operators.apply(operation, x, y, missing: false, at: span), Self.isSmall(value)
    {
      return .constant(value)
    }
    return Piece(code: Self.code(operation, a.code, b.code, missing, span), type: type)
  }

  private static func repeats(_ operation: BinaryOperator, _ left: Value, _ right: Value) -> Bool {
    operation == .multiply && [left, right].contains { [.string, .list].contains($0.type) }
  }

  /// What the host computes is computed when the text runs, and what is large too.
  static func isFoldable(_ value: Value) -> Bool { if case .object = value { false } else { isSmall(value) } }

  private static func isSmall(_ value: Value) -> Bool {
    switch value {
    case .list(let elements): elements.count < 100
    case .string(let text): text.utf8.count < 1_000
    default: true
    }
  }

  /// The commonest operators on whole numbers and floats run without the general dispatch.
  private static func code(
    _ operation: BinaryOperator, _ left: @escaping Code, _ right: @escaping Code, _ missing: Bool, _ span: Span
  ) -> Code {
    switch operation {
    case .add:
      return { frame in
        let (a, b) = (try left(frame), try right(frame))
        if case .int(let x) = a, case .int(let y) = b {
          let (sum, overflow) = x.addingReportingOverflow(y)
          if !overflow { return .int(sum) }
        }
        return try grown(.add, a, b, missing: missing, frame, at: span)
      }
    case .subtract:
      return { frame in
        let (a, b) = (try left(frame), try right(frame))
        if case .int(let x) = a, case .int(let y) = b {
          let (difference, overflow) = x.subtractingReportingOverflow(y)
          if !overflow { return .int(difference) }
        }
        return try Operators.apply(.subtract, a, b, missing: missing, at: span)
      }
    case .multiply:
      return { frame in
        let (a, b) = (try left(frame), try right(frame))
        if case .int(let x) = a, case .int(let y) = b {
          let (product, overflow) = x.multipliedReportingOverflow(by: y)
          if !overflow { return .int(product) }
        }
        return try grown(.multiply, a, b, missing: missing, frame, at: span)
      }
    case .less:
      return { frame in
        let (a, b) = (try left(frame), try right(frame))
        if case .int(let x) = a, case .int(let y) = b { return .bool(x < y) }
        if case .float(let x) = a, case .float(let y) = b { return .bool(x < y) }
        return try Operators.apply(.less, a, b, missing: missing, at: span)
      }
    case .equal:
      return { frame in
        let (a, b) = (try left(frame), try right(frame))
        if case .int(let x) = a, case .int(let y) = b { return .bool(x == y) }
        return try Operators.apply(.equal, a, b, missing: missing, at: span)
      }
    default:
      return { frame in
        try Operators.apply(operation, try left(frame), try right(frame), missing: missing, at: span)
      }
    }
  }

  /// Applies an operator whose result may be a longer text or list: measured before it is made.
  static func grown(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, missing: Bool = false, _ frame: Frame, at span: Span
  ) throws -> Value {
    let limits = frame.context.limits
    switch (operation, left, right) {
    case (.add, .string(let a), .string(let b)):
      try limits.check(textBytes: a.utf8.count + b.utf8.count, at: span)
    case (.add, .list(let a), .list(let b)): try limits.check(elements: a.count, b.count, at: span)
    case (.multiply, .string(let text), .int(let times)), (.multiply, .int(let times), .string(let text)):
      let (bytes, overflow) = text.utf8.count.multipliedReportingOverflow(by: max(0, times))
      try limits.check(textBytes: overflow ? Int.max : bytes, at: span)
    case (.multiply, .list(let elements), .int(let times)), (.multiply, .int(let times), .list(let elements)):
      let (count, overflow) = elements.count.multipliedReportingOverflow(by: max(0, times))
      try limits.check(elements: overflow ? Int.max : count, at: span)
    default: return try Operators.apply(operation, left, right, missing: missing, at: span)
    }
    let value = try Operators.apply(operation, left, right, missing: missing, at: span)
    try frame.context.made(value, at: span)
    return value
  }

  /// The type of the result; nil where the operator can never apply.
  static func resultType(_ operation: BinaryOperator, _ left: ValueType, _ right: ValueType) -> ValueType? {
    let numbers: [ValueType] = [.int, .float, .number]
    switch operation {
    case .and, .or: return .bool
    case .equal, .unequal, .contains: return mayBeHosts(left) || mayBeHosts(right) ? .any : .bool
    case .less, .lessEqual, .greater, .greaterEqual:
      guard isPlain(left), isPlain(right) else { return mayBeHosts(left) || mayBeHosts(right) ? .any : .bool }
      return left == right || (numbers.contains(left) && numbers.contains(right)) ? .bool : nil
    default: break
    }
    guard isPlain(left), isPlain(right) else { return .any }
    if numbers.contains(left), numbers.contains(right) {
      if operation == .matrix { return nil }
      if left == .int, right == .int { return operation == .divide ? .float : operation == .power ? .number : .int }
      return .number
    }
    if left == .string, right == .string { return operation == .add ? .string : nil }
    if operation == .multiply, (left == .string && right == .int) || (left == .int && right == .string) {
      return .string
    }
    let scalars = numbers + [.share, .bytes]
    return scalars.contains(left) && scalars.contains(right) ? .any : nil
  }

  /// A host value may compare to something else than true or false.
  private static func mayBeHosts(_ type: ValueType) -> Bool {
    switch type {
    case .any, .object, .union: true
    default: false
    }
  }

  /// Types of which two values always or never go together.
  private static func isPlain(_ type: ValueType) -> Bool {
    [.int, .float, .number, .string, .bool, .share, .bytes].contains(type)
  }
}
