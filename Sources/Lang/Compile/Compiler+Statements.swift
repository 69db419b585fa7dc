extension Compiler {
  /// Code of a statement; its value is that of its expression, nil for the others.
  func statement(_ statement: Statement, isTopLevel: Bool) -> Code {
    switch statement.kind {
    case .expression(let value): return expression(value).code
    case .bind(let name, let value):
      let piece = expression(value)
      return bind(name, piece, isTopLevel: isTopLevel)
    case .assign(let name, let operation, let value): return assign(name, operation, value, at: statement.span)
    case .define(let name, let parameters, let body, let doc):
      return define(name, parameters, body, doc, isTopLevel: isTopLevel)
    case .loop(let name, let items, let body): return loop(name, items, body)
    case .whileLoop(let condition, let body): return whileLoop(condition, body)
    case .returnValue(let value):
      let code = value.map { expression($0).code }
      return { frame in
        let value = try code?(frame) ?? .nil
        frame.signal = .returnFunction
        return value
      }
    case .breakLoop:
      return { frame in
        frame.signal = .breakLoop
        return .nil
      }
    case .continueLoop:
      return { frame in
        frame.signal = .continueLoop
        return .nil
      }
    case .assert(let condition, let message): return assertion(condition, message)
    case .importFile: return { _ in .nil }
    case .policy(let syntax): return policy(syntax, at: statement.span)
    }
  }

  private func bind(_ name: Name, _ piece: Piece, isTopLevel: Bool) -> Code {
    let value = piece.code
    if isTopLevel {
      let slot = globals.declare(name.text)
      globalTypes[name.text] = (piece.type, piece.constant)
      return { frame in
        frame.context.globals.values[slot] = try value(frame)
        return .nil
      }
    }
    let slot = scope.declare(name.text, type: piece.type, constant: piece.constant)
    return { frame in
      frame.slots[slot] = try value(frame)
      return .nil
    }
  }

  private func assign(_ name: Name, _ operation: BinaryOperator?, _ value: Expression, at span: Span) -> Code {
    // `x = x + e` is `x += e`, which appends to a list in place.
    if operation == nil, case .binary(.add, let left, let right) = value.kind, case .name(name.text) = left.kind {
      return assign(name, .add, right, at: value.span)
    }
    let right = expression(value).code
    guard let place = scope.resolve(name.text, at: name.span, globals: globals) else {
      if !failedNames.contains(name.text) {
        report(.undeclaredAssignment(name.text, known: scope.names(globals: globals).sorted(), at: name.span))
      }
      return { _ in .nil }
    }
    let old = read(place, name.text, at: name.span)
    switch place {
    case .local(let local):
      let slot = local.slot
      guard let operation else {
        return { frame in
          frame.slots[slot] = try right(frame)
          return .nil
        }
      }
      return { frame in
        let added = try right(frame)
        if operation == .add, try Self.add(added, to: &frame.slots[slot], frame, at: span) { return .nil }
        frame.slots[slot] = try Operators.apply(operation, try old(frame), added, missing: false, at: span)
        return .nil
      }
    case .global(let slot) where !isInsideFunction:
      guard let operation else {
        return { frame in
          frame.context.globals.values[slot] = try right(frame)
          return .nil
        }
      }
      return { frame in
        let added = try right(frame)
        if operation == .add, try Self.add(added, to: &frame.context.globals.values[slot], frame, at: span) {
          return .nil
        }
        frame.context.globals.values[slot] = try Operators.apply(
          operation, try old(frame), added, missing: false, at: span)
        return .nil
      }
    case .global, .captured, .row:
      report(.outerAssignment(name.text, at: name.span))
      return { _ in .nil }
    }
  }

  /// Adds in place where both are whole numbers or lists; false if they are not. The variable is emptied before a list
  /// grows, so that the list has one owner and is not copied.
  @inline(__always)
  private static func add(_ added: Value, to target: inout Value?, _ frame: Frame, at span: Span) throws -> Bool {
    switch (target, added) {
    case (.int(let a)?, .int(let b)):
      let (sum, overflow) = a.addingReportingOverflow(b)
      if overflow { throw Problem.overflow(at: span) }
      target = .int(sum)
      return true
    case (.list?, .list(let more)):
      guard case .list(var elements)? = target else { return false }
      try check(elements.count, more.count, frame, at: span)
      target = Value.nil
      elements.append(contentsOf: more)
      target = .list(elements)
      return true
    default: return false
    }
  }

  @inline(__always)
  private static func add(_ added: Value, to target: inout Value, _ frame: Frame, at span: Span) throws -> Bool {
    switch (target, added) {
    case (.int(let a), .int(let b)):
      let (sum, overflow) = a.addingReportingOverflow(b)
      if overflow { throw Problem.overflow(at: span) }
      target = .int(sum)
      return true
    case (.list, .list(let more)):
      guard case .list(var elements) = target else { return false }
      try check(elements.count, more.count, frame, at: span)
      target = .nil
      elements.append(contentsOf: more)
      target = .list(elements)
      return true
    default: return false
    }
  }

  private static func check(_ count: Int, _ more: Int, _ frame: Frame, at span: Span) throws {
    let limit = frame.context.limits.listElements
    if more > limit || count > limit - more { throw Problem.listTooLong(limit, at: span) }
  }

  private func assertion(_ condition: Expression, _ message: Expression?) -> Code {
    let test = self.condition(condition)
    let text = message.map { expression($0).code }
    let span = condition.span
    return { frame in
      if try test(frame) { return .nil }
      throw Problem.assertion(try text?(frame).text, at: span)
    }
  }

  // MARK: Blocks and loops

  func block(_ block: Block) -> Code {
    inBlock {
      let codes = block.statements.map { statement($0, isTopLevel: false) }
      if codes.count == 1 { return codes[0] }
      return { frame in
        var value = Value.nil
        for code in codes {
          value = try code(frame)
          if frame.signal != .next { return value }
        }
        return value
      }
    }
  }

  private func loop(_ name: Name, _ items: Expression, _ block: Block) -> Code {
    let elements = expression(items)
    let type: ValueType
    switch elements.type {
    case .range: type = .int
    case .list(let of): type = of
    case .table: type = .record
    case .string, .record: type = .string
    case .any, .union, .object: type = .any
    default:
      report(.notIterable(elements.type, at: items.span))
      type = .any
    }
    return inBlock {
      let slot = scope.declare(name.text, type: type)
      let body = self.block(block)
      let (code, span) = (elements.code, items.span)
      return { frame in
        switch try code(frame) {
        case .range(let range):
          let limit = frame.context.limits.loopPasses
          let count = range.count
          if count > limit { throw Problem.loopTooLong(limit, at: span) }
          var index = 0
          while index < count {
            frame.slots[slot] = .int(range[index])
            if let value = try Self.pass(body, frame, span) { return value }
            index &+= 1
          }
        case let value:
          if value.type == .nil || !Self.isIterable(value) { throw Problem.notIterable(value.type, at: span) }
          for element in try Elements.list(value, limit: frame.context.limits.listElements, at: span) {
            frame.slots[slot] = element
            if let value = try Self.pass(body, frame, span) { return value }
          }
        }
        return .nil
      }
    }
  }

  private static func isIterable(_ value: Value) -> Bool {
    switch value {
    case .list, .range, .record, .table, .string: true
    case .object(let object): object.elementCount != nil
    default: false
    }
  }

  /// One pass of a loop; a value if the loop ends here.
  @inline(__always)
  private static func pass(_ body: Code, _ frame: Frame, _ span: Span) throws -> Value? {
    if frame.context.cancellation.isCancelled { throw CancellationProblem(span: span) }
    let value = try body(frame)
    switch frame.signal {
    case .next: return nil
    case .continueLoop:
      frame.signal = .next
      return nil
    case .breakLoop:
      frame.signal = .next
      return .some(.nil)
    case .returnFunction: return value
    }
  }

  private func whileLoop(_ condition: Expression, _ block: Block) -> Code {
    let test = self.condition(condition)
    let body = self.block(block)
    let span = condition.span
    return { frame in
      var passes = 0
      while try test(frame) {
        passes &+= 1
        if passes > frame.context.limits.loopPasses { throw Problem.loopTooLong(passes - 1, at: span) }
        if let value = try Self.pass(body, frame, span) { return value }
      }
      return .nil
    }
  }

  /// Code of an expression that must be true or false.
  func condition(_ condition: Expression) -> @Sendable (Frame) throws -> Bool {
    let piece = expression(condition)
    if !piece.type.mayServe(as: .bool) { report(.notACondition(piece.type, at: condition.span)) }
    let (code, span) = (piece.code, condition.span)
    return { frame in
      let value = try code(frame)
      guard case .bool(let flag) = value else { throw Problem.notACondition(value.type, at: span) }
      return flag
    }
  }
}
