extension Parser {
  mutating func primary() throws -> Expression {
    let start = next.start
    switch next.kind {
    case .number(let value):
      advance()
      return try expression(.literal(value), from: start, height: 0)
    case .string(let pieces):
      advance()
      return try string(pieces, from: start)
    case .identifier:
      if let lambda = try lambda() { return lambda }
      let text = next.text
      advance()
      return try expression(.name(text), from: start, height: 0)
    case .keyword: return try keyword()
    case .sign:
      if let lambda = try lambda() { return lambda }
      if isSign("(") { return try group() }
      if isSign("[") { return try list() }
      if isSign("{") { return try record() }
    case .end, .invalid: break
    }
    throw unexpected(expected: "a value")
  }

  private mutating func keyword() throws -> Expression {
    let start = next.start
    switch next.text {
    case "true", "false":
      let value = next.text == "true"
      advance()
      return try expression(.literal(.bool(value)), from: start, height: 0)
    case "nil":
      advance()
      return try expression(.literal(.nil), from: start, height: 0)
    case "if": return try conditional(isOperand: true)
    case "try": return try attempt(isOperand: true)
    default: throw unexpected(expected: "a value")
    }
  }

  private mutating func string(_ pieces: [Token.StringPiece], from start: Int) throws -> Expression {
    var parts: [Expression] = []
    var isPlain = true
    for piece in pieces {
      switch piece {
      case .text(let text):
        parts.append(Expression(kind: .literal(.string(text)), span: span(start, previousEnd), height: 1))
      case .code(let range):
        isPlain = false
        parts.append(try interpolation(range))
      }
    }
    if isPlain {
      var text = ""
      for case .literal(.string(let part)) in parts.map(\.kind) { text += part }
      return try expression(.literal(.string(text)), from: start, height: 0)
    }
    return try expression(.interpolated(parts), from: start, height: parts.map(\.height).max() ?? 0)
  }

  /// The code between the braces of a string, parsed in place.
  private mutating func interpolation(_ range: Range<Int>) throws -> Expression {
    let saved = (lexer.limit, next, previousEnd)
    defer { (lexer.limit, next, previousEnd) = saved }
    lexer.limit = range.upperBound
    move(to: range.lowerBound)
    if next.kind == .end { throw Problem.emptyInterpolation(at: span(range.lowerBound - 1, range.upperBound + 1)) }
    let value = try bracketed { try $0.pipeline() }
    guard next.kind == .end else { throw unexpected(expected: "`}`") }
    return value
  }

  /// `x -> e` or `(r, s) -> e` if that is what comes.
  private mutating func lambda() throws -> Expression? {
    let start = next.start
    var names: [Name] = []
    var look = next
    if look.kind == .identifier {
      names = [Name(text: look.text, span: span(look.start, look.end))]
    } else {
      guard isSign("(") else { return nil }
      repeat {
        look = lexer.token(from: look.end)
        if look.kind == .sign, look.text == ")", names.isEmpty { break }
        guard look.kind == .identifier else { return nil }
        names.append(Name(text: look.text, span: span(look.start, look.end)))
        look = lexer.token(from: look.end)
      } while look.kind == .sign && look.text == ","
      guard look.kind == .sign, look.text == ")" else { return nil }
    }
    let arrow = lexer.token(from: look.end)
    guard arrow.kind == .sign, arrow.text == "->", !arrow.newlineBefore || ignoresNewlines else { return nil }
    move(to: arrow.end)
    let (mark, saved) = (vocabulary.variables.mark, (allowsJumps, loopDepth))
    defer {
      (allowsJumps, loopDepth) = saved
      vocabulary.variables.forget(after: mark)
    }
    for name in names { vocabulary.variables.insert(name.text) }
    if isSign("{"), !startsRecord() {
      (allowsJumps, loopDepth) = (true, 0)
      functionDepth += 1
      defer { functionDepth -= 1 }
      let body = try block()
      return try expression(.lambda(names, .block(body)), from: start, height: body.height)
    }
    allowsJumps = false
    let body = try expression()
    return try expression(.lambda(names, .expression(body)), from: start, height: body.height)
  }

  /// `{}`, `{name:` and `{"name":` open a record; anything else after an arrow opens a block.
  private func startsRecord() -> Bool {
    let first = tokenAfterNext()
    if first.kind == .sign, first.text == "}" { return true }
    var isKey = first.kind == .identifier
    if case .string = first.kind { isKey = true }
    let second = lexer.token(from: first.end)
    return isKey && second.kind == .sign && second.text == ":"
  }

  private mutating func group() throws -> Expression {
    let start = next.start
    let opened = nextSpan
    advance()
    let inner = try bracketed { parser in
      let inner = try parser.pipeline()
      try parser.close(")", opened: opened)
      return inner
    }
    return try expression(.group(inner), from: start, height: inner.height)
  }

  private mutating func list() throws -> Expression {
    let start = next.start
    let opened = nextSpan
    advance()
    let elements = try bracketed { parser in
      var elements: [Expression] = []
      while !parser.isSign("]"), parser.next.kind != .end {
        elements.append(try parser.expression())
        if !parser.take(",") { break }
      }
      try parser.close("]", opened: opened)
      return elements
    }
    return try expression(.list(elements), from: start, height: elements.map(\.height).max() ?? 0)
  }

  private mutating func record() throws -> Expression {
    let start = next.start
    let opened = nextSpan
    advance()
    let entries = try bracketed { parser in
      var entries: [(Name, Expression)] = []
      while !parser.isSign("}"), parser.next.kind != .end {
        let key = try parser.recordKey()
        try parser.expect(":", "`:` and a value")
        entries.append((key, try parser.expression()))
        if !parser.take(",") { break }
      }
      try parser.close("}", opened: opened)
      return entries
    }
    return try expression(.record(entries), from: start, height: entries.map(\.1.height).max() ?? 0)
  }

  private mutating func recordKey() throws -> Name {
    let place = nextSpan
    if case .string(let pieces) = next.kind, pieces.count <= 1 {
      var text = ""
      if case .text(let only)? = pieces.first {
        text = only
      } else if !pieces.isEmpty {
        throw unexpected(expected: "a name")
      }
      advance()
      return Name(text: text, span: place)
    }
    if next.kind == .keyword {
      let name = Name(text: next.text, span: place)
      advance()
      return name
    }
    return try name("a name and `:`")
  }

  /// `if c { } else if d { } else { }`; as an operand its blocks cannot return or break.
  mutating func conditional(isOperand: Bool) throws -> Expression {
    let start = next.start
    let saved = allowsJumps
    if isOperand { allowsJumps = false }
    defer { allowsJumps = saved }
    var branches: [(condition: Expression, block: Block)] = []
    var otherwise: Block?
    repeat {
      advance()
      branches.append((try expression(), try block()))
      guard isKeyword("else") else { break }
      advance()
      if !isKeyword("if") { otherwise = try block() }
    } while otherwise == nil
    let height = branches.map { max($0.condition.height, $0.block.height) }.max() ?? 0
    return try expression(
      .conditional(branches, otherwise: otherwise), from: start, height: max(height, otherwise?.height ?? 0))
  }

  /// `try { } catch e { }`.
  mutating func attempt(isOperand: Bool) throws -> Expression {
    let start = next.start
    let (mark, saved) = (vocabulary.variables.mark, allowsJumps)
    if isOperand { allowsJumps = false }
    defer {
      allowsJumps = saved
      vocabulary.variables.forget(after: mark)
    }
    advance()
    let body = try block()
    guard isKeyword("catch") else { throw unexpected(expected: "`catch`") }
    advance()
    let error = isSign("{") ? nil : try name("a name or `{` after `catch`")
    if let error { vocabulary.variables.insert(error.text) }
    let handler = try block()
    return try expression(
      .attempt(body, error: error, handler), from: start, height: max(body.height, handler.height))
  }
}
