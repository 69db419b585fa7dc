extension Compiler {
  func expression(_ expression: Expression) -> Piece {
    let span = expression.span
    switch expression.kind {
    case .literal(let value): return .constant(value)
    case .group(let inner): return self.expression(inner)
    case .name(let name): return self.name(name, at: span)
    case .interpolated(let parts): return interpolated(parts.map { self.expression($0) })
    case .list(let elements): return list(elements.map { self.expression($0) }, at: span)
    case .record(let entries): return record(entries)
    case .range(let first, let last, let step): return range(first, last, step)
    case .unary(let operation, let operand): return unary(operation, operand, at: span)
    case .binary(let operation, let left, let right): return binary(operation, left, right, at: span)
    case .index(let value, let subscripts): return index(value, subscripts, at: span)
    case .field(let value, let name):
      let code = self.expression(value).code
      return Piece(code: { try Elements.field(try code($0), name.text, at: name.span) })
    case .call(let callee, let arguments): return call(callee, arguments, at: span)
    case .lambda(let names, let body): return lambda(names, body)
    case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
    case .attempt(let body, let error, let handler): return attempt(body, error, handler)
    case .pipeline(let stages): return pipeline(stages)
    case .timed(let work): return timed(work)
    }
  }

  private func interpolated(_ parts: [Piece]) -> Piece {
    let codes = parts.map(\.code)
    return Piece(
      code: { frame in
        var text = ""
        for code in codes { text += try code(frame).text }
        return .string(text)
      }, type: .string)
  }

  private func list(_ elements: [Piece], at span: Span) -> Piece {
    let constants = elements.compactMap(\.constant)
    if constants.count == elements.count {
      var piece = Piece.constant(.list(constants))
      piece.type = .list(of: Self.common(elements.map(\.type)))
      return piece
    }
    let codes = elements.map(\.code)
    return Piece(
      code: { frame in
        var values: [Value] = []
        values.reserveCapacity(codes.count)
        for code in codes { values.append(try code(frame)) }
        try Self.checkDepth(values, at: span)
        return .list(values)
      }, type: .list(of: Self.common(elements.map(\.type))))
  }

  /// Lists wrapped into lists by a loop would use up the stack when they are compared, printed or freed.
  private static func checkDepth(_ values: [Value], at span: Span) throws {
    var level = values
    var depth = 0
    while let inner = level.lazy.compactMap({ if case .list(let inner) = $0, !inner.isEmpty { inner } else { nil } })
      .first
    {
      depth += 1
      if depth > 500 { throw Problem.nestedTooDeep(at: span) }
      level = inner
    }
  }

  static func common(_ types: [ValueType]) -> ValueType {
    guard let first = types.first else { return .any }
    if types.allSatisfy({ $0 == first }) { return first }
    return types.allSatisfy { [.int, .float, .number].contains($0) } ? .number : .any
  }

  private func record(_ entries: [(Name, Expression)]) -> Piece {
    var seen: [String: Span] = [:]
    for (name, _) in entries {
      if let first = seen[name.text] { report(.duplicate("the name", name.text, first: first, at: name.span)) }
      seen[name.text] = name.span
    }
    let codes = entries.map { (name: $0.0.text, code: expression($0.1).code) }
    return Piece(code: { frame in .record(Record(try codes.map { ($0.name, try $0.code(frame)) })) }, type: .record)
  }

  private func range(_ first: Expression, _ last: Expression, _ step: Expression?) -> Piece {
    let ends = [first, last] + (step.map { [$0] } ?? [])
    let pieces = ends.map { end in
      let piece = expression(end)
      if !piece.type.mayServe(as: .int) {
        report(.wrongArgumentType("..", found: piece.type, expected: .int, at: end.span))
      }
      return (code: piece.code, span: end.span)
    }
    return Piece(
      code: { frame in
        var numbers: [Int] = []
        for piece in pieces {
          let value = try piece.code(frame)
          guard case .int(let number) = value else {
            throw Problem.wrongArgumentType("..", found: value.type, expected: .int, at: piece.span)
          }
          numbers.append(number)
        }
        if numbers.count > 2, numbers[2] == 0 {
          throw Problem.functionDomain("..", "the step is 0", at: pieces[2].span)
        }
        return .range(IntRange(first: numbers[0], last: numbers[1], step: numbers.count > 2 ? numbers[2] : 1))
      }, type: .range)
  }

  private func unary(_ operation: UnaryOperator, _ operand: Expression, at span: Span) -> Piece {
    if operation == .not {
      let test = condition(operand)
      return Piece(code: { .bool(try !test($0)) }, type: .bool)
    }
    let piece = expression(operand)
    let missing = scope.isInsideRow
    if let constant = piece.constant, let value = try? Operators.negate(constant, missing: false, at: span) {
      return .constant(value)
    }
    let code = piece.code
    return Piece(code: { try Operators.negate(try code($0), missing: missing, at: span) }, type: piece.type)
  }

  private func index(_ value: Expression, _ subscripts: [SubscriptSyntax], at span: Span) -> Piece {
    var code = expression(value).code
    for subscripted in subscripts {
      let whole = code
      switch subscripted {
      case .index(let index):
        let (position, place) = (expression(index).code, index.span)
        code = { frame in try Elements.element(try whole(frame), try position(frame), at: place) }
      case .slice(let low, let high):
        let (lower, upper) = (low.map { expression($0).code }, high.map { expression($0).code })
        code = { frame in
          try Elements.slice(try whole(frame), try lower?(frame) ?? .nil, try upper?(frame) ?? .nil, at: span)
        }
      }
    }
    return Piece(code: code)
  }

  private func conditional(_ branches: [(condition: Expression, block: Block)], _ otherwise: Block?) -> Piece {
    let compiled = branches.map { (test: condition($0.condition), block: block($0.block)) }
    let last = otherwise.map { block($0) }
    return Piece(
      code: { frame in
        for branch in compiled where try branch.test(frame) { return try branch.block(frame) }
        return try last?(frame) ?? .nil
      })
  }

  private func attempt(_ body: Block, _ error: Name?, _ handler: Block) -> Piece {
    let code = block(body)
    return inBlock {
      let slot = error.map { scope.declare($0.text, type: .record) }
      let recover = block(handler)
      return Piece(
        code: { frame in
          let depth = frame.context.callDepth
          do {
            return try code(frame)
          } catch let problem as Problem {
            frame.context.callDepth = depth
            if let slot { frame.slots[slot] = .record(problem.record) }
            return try recover(frame)
          }
        })
    }
  }
}

extension Problem {
  /// What `catch e` sees.
  var record: Record {
    var record = Record([("code", .string(code)), ("message", .string(seen))])
    if let expected { record["expected"] = .string(expected) }
    if let suggestion { record["hint"] = .string(suggestion) }
    return record
  }
}
