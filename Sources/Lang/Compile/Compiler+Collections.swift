/// Lists, records and ranges, and reading their parts.
extension Compiler {
  /// A range written as an element stands for its numbers: `[1..3, 8]` has four elements.
  func list(_ elements: [Expression], at span: Span) -> Piece {
    let pieces = elements.map { element -> (piece: Piece, isSpread: Bool) in
      if case .range = element.kind { return (expression(element), true) }
      return (expression(element), false)
    }
    let type = ValueType.list(of: Self.common(pieces.map { $0.isSpread ? .int : $0.piece.type }))
    let names = pieces.contains { $0.isSpread } ? nil : Self.merged(pieces.map(\.piece))
    if let constants = Self.constants(pieces) {
      var piece = Piece.constant(.list(constants))
      (piece.type, piece.known.names) = (type, names)
      return piece
    }
    let codes = pieces.map { (code: $0.piece.code, isSpread: $0.isSpread) }
    return Piece(
      code: { frame in
        var values: [Value] = []
        values.reserveCapacity(codes.count)
        var holdsValues = false
        for (code, isSpread) in codes {
          let value = try code(frame)
          if isSpread {
            let limits = frame.context.limits
            let more = try Elements.list(value, limit: limits.listElements, at: span)
            try limits.check(elements: values.count, more.count, at: span)
            values += more
          } else {
            if Nesting.holdsValues(value) { holdsValues = true }
            values.append(value)
          }
        }
        let list = Value.list(values)
        if holdsValues { try Nesting.check(list, frame.context.limits, at: span) }
        if values.count > 64 { try frame.context.made(list, at: span) }
        return list
      }, type: type, names: names)
  }

  /// The names that the records of a list have, in the order they appear; nil if one of them is not known.
  private static func merged(_ pieces: [Piece]) -> [String]? {
    var names: [String] = []
    for piece in pieces {
      guard piece.type == .record, let more = piece.names else { return nil }
      for name in more where !names.contains(name) { names.append(name) }
    }
    return pieces.isEmpty ? nil : names
  }

  private static func constants(_ pieces: [(piece: Piece, isSpread: Bool)]) -> [Value]? {
    var values: [Value] = []
    for (piece, isSpread) in pieces {
      guard let constant = piece.constant else { return nil }
      guard isSpread else {
        // A function or a large value of a variable is better read when the line runs.
        if Nesting.holdsValues(constant), constant.ownBytes > 4096 { return nil }
        values.append(constant)
        continue
      }
      guard let numbers = try? Elements.list(constant, limit: 1_000, at: nil) else { return nil }
      values += numbers
    }
    return values
  }

  static func common(_ types: [ValueType]) -> ValueType {
    guard let first = types.first else { return .any }
    if types.allSatisfy({ $0 == first }) { return first }
    return types.allSatisfy { [.int, .float, .number].contains($0) } ? .number : .any
  }

  func record(_ entries: [(Name, Expression)], at span: Span) -> Piece {
    var seen: [String: Span] = [:]
    for (name, _) in entries {
      if let first = seen[name.text] { report(.duplicate("the name", name.text, first: first, at: name.span)) }
      seen[name.text] = name.span
    }
    let codes = entries.map { (name: $0.0.text, code: expression($0.1).code) }
    return Piece(
      code: { frame in
        var record = Record()
        var holdsValues = false
        for (name, code) in codes {
          let value = try code(frame)
          if Nesting.holdsValues(value) { holdsValues = true }
          record[name] = value
        }
        let value = Value.record(record)
        if holdsValues { try Nesting.check(value, frame.context.limits, at: span) }
        return value
      }, type: .record, names: codes.map(\.name))
  }

  // MARK: Ranges

  func range(_ first: Expression, _ last: Expression, _ step: RangeStep?) -> Piece {
    var ends = [end(first), end(last)]
    var factor: Int?
    switch step {
    case .by(let width)?: ends.append(end(width))
    case .times(let given, let span)?:
      if given < 2 { report(.functionDomain("..", "each number is at least twice the one before", at: span)) }
      factor = max(given, 2)
    case nil: break
    }
    let type: ValueType = factor == nil ? .range : .list(of: .int)
    let spans = ends.map(\.span)
    let constants = ends.compactMap { piece, _ -> Int? in
      if case .int(let number)? = piece.constant { number } else { nil }
    }
    if constants.count == ends.count, let value = try? Self.range(constants, factor, spans) {
      var piece = Piece.constant(value)
      piece.type = type
      return piece
    }
    let codes = ends.map(\.piece.code)
    return Piece(
      code: { [factor] frame in
        var numbers: [Int] = []
        for (index, code) in codes.enumerated() {
          let value = try code(frame)
          guard case .int(let number) = value else {
            throw Problem.wrongArgumentType("..", found: value.type, expected: .int, at: spans[index])
          }
          numbers.append(number)
        }
        return try Self.range(numbers, factor, spans)
      }, type: type)
  }

  private func end(_ end: Expression) -> (piece: Piece, span: Span) {
    let piece = expression(end)
    if !piece.type.mayServe(as: .int) {
      report(.wrongArgumentType("..", found: piece.type, expected: .int, at: end.span))
    }
    return (piece, end.span)
  }

  /// First, last and perhaps a step; with a factor the numbers as a list.
  private static func range(_ numbers: [Int], _ factor: Int?, _ spans: [Span]) throws -> Value {
    let (first, last) = (numbers[0], numbers[1])
    guard let factor else {
      let step = numbers.count > 2 ? numbers[2] : 1
      if step == 0 { throw Problem.functionDomain("..", "the step is 0", at: spans[2]) }
      return .range(IntRange(first: first, last: last, step: step))
    }
    guard first > 0 else { throw Problem.functionDomain("..", "a range by x\(factor) begins above 0", at: spans[0]) }
    var values: [Value] = []
    var next = first
    while next <= last {
      values.append(.int(next))
      let (product, overflow) = next.multipliedReportingOverflow(by: factor)
      if overflow { break }
      next = product
    }
    return .list(values)
  }

  // MARK: Parts

  func field(_ value: Expression, _ name: Name) -> Piece {
    let whole = expression(value)
    if let names = whole.names, !names.contains(name.text) {
      switch whole.type {
      case .record: report(.unknownField(name.text, of: "record", known: names, at: name.span))
      case .table: report(.unknownColumn(name.text, columns: names, at: name.span))
      default: break
      }
    }
    let code = whole.code
    return Piece(
      code: { try Elements.field(try code($0), name.text, at: name.span) },
      type: whole.type == .table ? .list : .any)
  }

  func index(_ value: Expression, _ subscripts: [SubscriptSyntax], at span: Span) -> Piece {
    let whole = expression(value)
    var known = Known()
    let codes = subscripts.map { subscripted -> (@Sendable (Frame) throws -> PlacedSubscript) in
      switch subscripted {
      case .index(let index):
        let (piece, place) = (expression(index), index.span)
        let code = piece.code
        if piece.type == .int { known = element(of: whole) }
        return { frame in PlacedSubscript(part: .index(try code(frame)), span: place) }
      case .slice(let low, let high):
        let (lower, upper) = (low.map { expression($0).code }, high.map { expression($0).code })
        if whole.type != .range { known = Known(type: whole.type, names: whole.names) }
        return { frame in
          let (low, high) = (try lower?(frame) ?? .nil, try upper?(frame) ?? .nil)
          return PlacedSubscript(part: .slice(low: low, high: high), span: span)
        }
      }
    }
    let code = whole.code
    if codes.count == 1, let only = codes.first {
      return Piece(code: { frame in try only(frame).read(try code(frame)) }, known: known)
    }
    return Piece(
      code: { frame in
        let whole = try code(frame)
        return try Elements.subscripted(whole, try codes.map { try $0(frame) }[...])
      })
  }

  /// What is known of one element of a value.
  private func element(of whole: Piece) -> Known {
    switch whole.type {
    case .list(let type): Known(type: type, names: type == .record ? whole.names : nil)
    case .table: Known(type: .record, names: whole.names)
    case .string: Known(type: .string)
    case .range: Known(type: .int)
    default: Known()
    }
  }
}
