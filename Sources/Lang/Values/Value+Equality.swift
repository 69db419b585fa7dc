extension Value: Equatable {
  /// Equality as `==` of the language has it: 2 equals 2.0, tables and records by content, functions by identity.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.nil, .nil): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.int(let a), .float(let b)), (.float(let b), .int(let a)): Double(a) == b
    case (.string(let a), .string(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    case (.record(let a), .record(let b)): a.count == b.count && a.keys.allSatisfy { a[$0] == b[$0] }
    case (.table(let a), .table(let b)):
      a.rowCount == b.rowCount && a.columnNames == b.columnNames
        && zip(a.columns, b.columns).allSatisfy { $0.data.values == $1.data.values }
    case (.range(let a), .range(let b)): a == b
    case (.function(let a), .function(let b)): a === b
    case (.share(let a), .share(let b)): a == b
    case (.bytes(let a), .bytes(let b)): a == b
    case (.object(let a), .object(let b)): a.isEqual(to: b)
    default: false
    }
  }
}

/// A value as the key of a group or of a set: equal values have equal keys.
struct ValueKey: Hashable {
  let value: Value

  func hash(into hasher: inout Hasher) {
    switch value {
    case .int(let number): hasher.combine(Double(number))
    case .float(let number): hasher.combine(number)
    case .string(let text): hasher.combine(text)
    case .bool(let flag): hasher.combine(flag)
    case .share(let share): hasher.combine(share)
    case .bytes(let bytes): hasher.combine(bytes)
    case .list(let elements): for element in elements { hasher.combine(ValueKey(value: element)) }
    case .record(let record): hasher.combine(record.count)
    default: hasher.combine(0)
    }
  }

  static func == (left: ValueKey, right: ValueKey) -> Bool {
    // A group of NaN is one group, although NaN differs from itself.
    if case .float(let a) = left.value, case .float(let b) = right.value, a.isNaN, b.isNaN { return true }
    return left.value == right.value
  }
}
