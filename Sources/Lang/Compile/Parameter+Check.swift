extension Parameter {
  /// What a value of the parameter is, in types.
  var valueType: ValueType {
    switch type {
    case .value(let type): type
    case .name: orValue.map { .union([.string, $0]) } ?? .string
    case .choice, .path, .column: .string
    case .expression: .any
    }
  }

  /// Verifies a value against type, range and allowed values, and converts a whole number where a float is declared.
  func accept(_ value: Value, at span: Span) throws -> Value {
    if sweepable || variadic || type == .column, case .list(let elements) = value, !value.matches(strictType) {
      return .list(try elements.map { try acceptOne($0, at: span) })
    }
    if sweepable, case .range(let range) = value, range.count <= 100_000, valueType != .range {
      return .list(try (0..<range.count).map { try acceptOne(.int(range[$0]), at: span) })
    }
    return try acceptOne(value, at: span)
  }

  private var strictType: ValueType { valueType == .any ? .nil : valueType }

  private func acceptOne(_ value: Value, at span: Span) throws -> Value {
    if case .nil = value, !required { return value }
    guard value.matches(valueType) else {
      throw Problem.wrongArgumentType(name, found: value.type, expected: valueType, sweepable: sweepable, at: span)
    }
    if case .choice(let words) = type, case .string(let word) = value, !words.contains(word) {
      throw Problem.notAllowed(name, value: value, allowed: words.map { .string($0) }, at: span)
    }
    if !allowed.isEmpty, !allowed.contains(value) {
      throw Problem.notAllowed(name, value: value, allowed: allowed, at: span)
    }
    if let range, let number = value.asRangeNumber, !range.contains(number) {
      throw Problem.outOfRange(name, value: value, range: range, at: span)
    }
    if valueType == .float, case .int(let number) = value { return .float(Double(number)) }
    return value
  }

  /// Whether an expression of this type could be accepted.
  func mayAccept(_ found: ValueType) -> Bool {
    if found.mayServe(as: valueType) || (found == .nil && !required) { return true }
    guard sweepable || variadic || type == .column else { return false }
    if case .list(let element) = found { return element.mayServe(as: valueType) }
    return sweepable && found == .range && ValueType.int.mayServe(as: valueType)
  }
}

extension Value {
  /// The number that a declared range limits.
  fileprivate var asRangeNumber: Double? {
    switch self {
    case .int(let number): Double(number)
    case .float(let number): number
    case .share(let share): share
    case .bytes(let bytes): Double(bytes)
    default: nil
    }
  }
}
