extension ValueType {
  /// Whether a value of this type could be accepted where `expected` is declared; a whole number serves as a float.
  func mayServe(as expected: ValueType) -> Bool {
    switch (self, expected) {
    case (.any, _), (_, .any): true
    case (.union(let types), _): types.contains { $0.mayServe(as: expected) }
    case (_, .union(let types)): types.contains { self.mayServe(as: $0) }
    case (.int, .float), (.int, .number), (.float, .number), (.number, .int), (.number, .float): true
    case (.list(let a), .list(let b)): a.mayServe(as: b)
    default: self == expected
    }
  }
}

extension Value {
  /// Whether the value may stand where the type is declared.
  public func matches(_ type: ValueType) -> Bool {
    switch (self, type) {
    case (_, .any): true
    case (_, .union(let types)): types.contains { matches($0) }
    case (.list(let elements), .list(let of)): of == .any || elements.allSatisfy { $0.matches(of) }
    case (.int, .number), (.int, .float), (.float, .number): true
    default: self.type == type
    }
  }
}
