extension Compiler {
  /// Code of a statement; its value is that of its expression, nil for the others.
  func statement(_ statement: Statement, isTopLevel: Bool) -> Code {
    switch statement.kind {
    case .expression(let value): return expression(value).code
    case .bind(let name, let value):
      let piece = expression(value)
      return bind(name, piece, isTopLevel: isTopLevel)
    case .assign(let name, let operation, let value): return assign(name, operation, value, at: statement.span)
    case .assignPart(let name, let parts, let operation, let value):
      return assign(name, parts, operation, value, at: statement.span)
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
      knownGlobals[name.text] = piece.known
      boundSoFar.insert(name.text)
      return { frame in
        frame.context.globals.values[slot] = try value(frame)
        return .nil
      }
    }
    let slot = scope.declare(name.text, piece.known)
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
    let combine: @Sendable (Frame, Value, Value) throws -> Value = { frame, old, added in
      try Self.grown(operation ?? .add, old, added, frame, at: span)
    }
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
        frame.slots[slot] = try combine(frame, try old(frame), added)
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
        frame.context.globals.values[slot] = try combine(frame, try old(frame), added)
        return .nil
      }
    case .global, .captured, .row:
      report(.outerAssignment(name.text, at: name.span))
      return { _ in .nil }
    }
  }

  /// Adds in place where both are whole numbers, lists or texts; false if they are not. The variable is emptied before a
  /// list grows, so that the list has one owner and is not copied.
  @inline(__always)
  private static func add(_ added: Value, to target: inout Value?, _ frame: Frame, at span: Span) throws -> Bool {
    if case .int(let a)? = target, case .int(let b) = added {
      let (sum, overflow) = a.addingReportingOverflow(b)
      if overflow { throw Problem.overflow(at: span) }
      target = .int(sum)
      return true
    }
    guard var value = target else { return false }
    target = Value.nil
    defer { target = value }
    return try add(added, to: &value, frame, at: span)
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
      try frame.context.limits.check(elements: elements.count, more.count, at: span)
      if more.count > 256 { try frame.context.made(bytes: more.count * MemoryLayout<Value>.stride, at: span) }
      target = .nil
      elements.append(contentsOf: more)
      target = .list(elements)
      return true
    case (.string, .string(let more)):
      guard case .string(var text) = target else { return false }
      try frame.context.limits.check(textBytes: text.utf8.count + more.utf8.count, at: span)
      if more.utf8.count > 4096 { try frame.context.made(bytes: more.utf8.count, at: span) }
      target = .nil
      text += more
      target = .string(text)
      return true
    default: return false
    }
  }

  /// `x.a[0] = e`.
  private func assign(
    _ name: Name, _ parts: [PartSyntax], _ operation: BinaryOperator?, _ value: Expression, at span: Span
  ) -> Code {
    let steps = parts.map { part -> @Sendable (Frame) throws -> PartAssignment.Step in
      switch part {
      case .field(let field): return { _ in .field(field.text, field.span) }
      case .index(let index):
        let code = expression(index).code
        return { frame in .index(try code(frame), index.span) }
      }
    }
    let right = expression(value).code
    guard let place = scope.resolve(name.text, at: name.span, globals: globals) else {
      if !failedNames.contains(name.text) {
        report(.undeclaredAssignment(name.text, known: scope.names(globals: globals).sorted(), at: name.span))
      }
      return { _ in .nil }
    }
    // The steps and the value may read the variable, so they come before it is taken.
    let prepare: @Sendable (Frame) throws -> (path: [PartAssignment.Step], added: Value) = { frame in
      let path = try steps.map { try $0(frame) }
      let added = try right(frame)
      try Nesting.check(.list([added]), frame.context.limits, at: span)
      return (path, added)
    }
    let change: @Sendable (inout Value, [PartAssignment.Step], Value, Frame) throws -> Void = {
      target, path, added, frame in
      try PartAssignment.change(&target, path[...]) { old in
        guard let operation else { return added }
        guard let old else { throw Problem.unknownField(name.text, of: "record", known: [], at: span) }
        return try Self.grown(operation, old, added, frame, at: span)
      }
    }
    switch place {
    case .local(let local):
      let slot = local.slot
      return { frame in
        let (path, added) = try prepare(frame)
        try change(&frame.slots[slot], path, added, frame)
        return .nil
      }
    case .global(let slot) where !isInsideFunction:
      let old = read(place, name.text, at: name.span)
      return { frame in
        let (path, added) = try prepare(frame)
        var value = try old(frame)
        frame.context.globals.values[slot] = .some(.nil)
        defer { frame.context.globals.values[slot] = value }
        try change(&value, path, added, frame)
        return .nil
      }
    case .global, .captured, .row:
      report(.outerAssignment(name.text, at: name.span))
      return { _ in .nil }
    }
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
    var element = Known(names: elements.names)
    switch elements.type {
    case .range: element.type = .int
    case .list(let of): element.type = of
    case .table: element.type = .record
    case .string, .record: element = Known(type: .string)
    case .any, .union, .object: element = Known()
    default: report(.notIterable(elements.type, at: items.span))
    }
    return inBlock {
      let slot = scope.declare(name.text, element)
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
        case .table(let table):
          let names = table.rowNames
          for index in 0..<table.rowCount {
            frame.slots[slot] = .record(table.row(index, of: names))
            if let value = try Self.pass(body, frame, span) { return value }
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
    frame.context.passes &+= 1
    if frame.context.passes & 0xFFF == 0 { try frame.context.worked(at: span) }
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
