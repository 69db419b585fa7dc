extension Value {
  /// Which comes first, for values that have an order among them; nil for all others and for NaN.
  func order(_ other: Value) -> Int? {
    switch (self, other) {
    case (.int(let a), .int(let b)): a < b ? -1 : a > b ? 1 : 0
    case (.string(let a), .string(let b)): a < b ? -1 : a > b ? 1 : 0
    case (.bool(let a), .bool(let b)): a == b ? 0 : a ? 1 : -1
    case (.share(let a), .share(let b)): Self.order(a, b)
    case (.bytes(let a), .bytes(let b)): a < b ? -1 : a > b ? 1 : 0
    case (.list(let a), .list(let b)): Self.order(a, b)
    default:
      if let a = asDouble, let b = other.asDouble { Self.order(a, b) } else { nil }
    }
  }

  private static func order(_ a: Double, _ b: Double) -> Int? { a < b ? -1 : a > b ? 1 : a == b ? 0 : nil }

  private static func order(_ a: [Value], _ b: [Value]) -> Int? {
    for (x, y) in zip(a, b) {
      guard let order = x.order(y) else { return nil }
      if order != 0 { return order }
    }
    return a.count < b.count ? -1 : a.count > b.count ? 1 : 0
  }

  /// A total order for sorting: by kind where there is no other, missing values and NaN last.
  static func sortsBefore(_ a: Value, _ b: Value) -> Bool {
    if let order = a.order(b) { return order < 0 }
    return a.sortRank < b.sortRank
  }

  private var sortRank: Int {
    switch self {
    case .bool: 0
    case .int: 1
    case .float(let number): number.isNaN ? 9 : 1
    case .share: 2
    case .bytes: 3
    case .string: 4
    case .list: 5
    case .record, .table, .range, .function, .object: 6
    case .nil: 10
    }
  }

  var isMissing: Bool {
    switch self {
    case .nil: true
    case .float(let number): number.isNaN
    default: false
    }
  }
}
