/// One subscript of `x[a, b:c]` with its value and its place.
struct PlacedSubscript {
  let part: Subscript
  let span: Span

  /// Whether what is read has the elements of this axis, so that further subscripts go on within each.
  var keepsAxis: Bool {
    switch part {
    case .slice, .index(.list), .index(.range): true
    case .index: false
    }
  }

  func read(_ value: Value) throws -> Value {
    if case .object(let object) = value, let found = try object.element([part], at: span) { return found }
    switch part {
    case .index(let index): return try Elements.element(value, index, at: span)
    case .slice(let low, let high): return try Elements.slice(value, low, high, at: span)
    }
  }
}

extension Elements {
  /// `value[a, b:c]`: each subscript is for one axis, as NumPy has it; a table's axes are rows and columns.
  static func subscripted(_ value: Value, _ subscripts: ArraySlice<PlacedSubscript>) throws -> Value {
    guard let first = subscripts.first else { return value }
    // A host value sees all subscripts at once; others are read one after the other.
    if case .object(let object) = value, let found = try object.element(subscripts.map(\.part), at: first.span) {
      return found
    }
    let part = try first.read(value)
    let rest = subscripts.dropFirst()
    guard first.keepsAxis, let next = rest.first else { return try subscripted(part, rest) }
    if case .table = part { return try subscripted(next.read(part), rest.dropFirst()) }
    guard case .list(let elements) = part else {
      throw Problem.notIndexable(part.type, byAxes: subscripts.count, at: next.span)
    }
    return .list(try elements.map { try subscripted($0, rest) })
  }

  /// The elements at several places.
  static func gather(_ value: Value, _ places: Value, limit: Int, at span: Span) throws -> Value {
    let indices = try list(places, limit: limit, at: span)
    func positions(_ count: Int) throws -> [Int] {
      try indices.map { index in
        guard case .int(let number) = index else { throw Problem.notIndexable(value.type, by: index.type, at: span) }
        return try position(number, count, span)
      }
    }
    switch value {
    case .list(let elements): return .list(try positions(elements.count).map { elements[$0] })
    case .range(let range): return .list(try positions(range.count).map { .int(range[$0]) })
    case .table(let table): return .table(table.rows(at: try positions(table.rowCount)))
    case .string(let text):
      let characters = Array(text)
      return .string(String(try positions(characters.count).map { characters[$0] }))
    default: throw Problem.notIndexable(value.type, by: places.type, at: span)
    }
  }
}
