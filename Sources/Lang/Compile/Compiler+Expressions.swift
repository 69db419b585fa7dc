extension Compiler {
  func expression(_ expression: Expression) -> Piece {
    let span = expression.span
    switch expression.kind {
    case .literal(let value): return .constant(value)
    case .group(let inner): return self.expression(inner)
    case .name(let name): return self.name(name, at: span)
    case .interpolated(let parts): return interpolated(parts.map { self.expression($0) }, at: span)
    case .list(let elements): return list(elements, at: span)
    case .record(let entries): return record(entries, at: span)
    case .range(let first, let last, let step): return range(first, last, step)
    case .unary(let operation, let operand): return unary(operation, operand, at: span)
    case .binary(let operation, let left, let right): return binary(operation, left, right, at: span)
    case .index(let value, let subscripts): return index(value, subscripts, at: span)
    case .field(let value, let name): return field(value, name)
    case .call(let callee, let arguments): return call(callee, arguments, at: span)
    case .lambda(let names, let body): return lambda(names, body)
    case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
    case .attempt(let body, let error, let handler): return attempt(body, error, handler)
    case .pipeline(let stages): return pipeline(stages)
    case .timed(let work): return timed(work)
    }
  }

  private func interpolated(_ parts: [Piece], at span: Span) -> Piece {
    let codes = parts.map(\.code)
    return Piece(
      code: { frame in
        var text = ""
        for code in codes { text += try code(frame).text(limits: frame.context.limits, at: span) }
        if text.utf8.count > 4096 { try frame.context.made(.string(text), at: span) }
        return .string(text)
      }, type: .string)
  }

  private func unary(_ operation: UnaryOperator, _ operand: Expression, at span: Span) -> Piece {
    if operation == .not {
      let test = condition(operand)
      return Piece(code: { .bool(try !test($0)) }, type: .bool)
    }
    let piece = expression(operand)
    let missing = scope.isInsideRow
    if let constant = piece.constant, Self.isFoldable(constant),
      let value = try? Operators.negate(constant, missing: false, at: span)
    {
      return .constant(value)
    }
    let code = piece.code
    return Piece(code: { try Operators.negate(try code($0), missing: missing, at: span) }, type: piece.type)
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
      let slot = error.map { scope.declare($0.text, Known(type: .record, names: Problem.recordNames)) }
      let recover = block(handler)
      return Piece(
        code: { frame in
          let depth = frame.context.callDepth
          do {
            return try code(frame)
          } catch let problem as Problem where !problem.isLimit {
            frame.context.callDepth = depth
            if let slot { frame.slots[slot] = .record(problem.record) }
            return try recover(frame)
          }
        })
    }
  }
}
