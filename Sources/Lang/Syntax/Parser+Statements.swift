extension Parser {
  mutating func statement() throws -> Statement {
    let start = next.start
    let kind: Statement.Kind
    switch next.kind == .keyword ? next.text : "" {
    case "let": kind = try letStatement()
    case "def": kind = try definition()
    case "for": kind = try forStatement()
    case "while": kind = try whileStatement()
    case "return": kind = try returnStatement()
    case "break", "continue":
      guard loopDepth > 0, allowsJumps else { throw Problem.misplacedJump(next.text, at: nextSpan) }
      kind = next.text == "break" ? .breakLoop : .continueLoop
      advance()
    case "assert": kind = try assertStatement()
    case "import": kind = try importStatement()
    default:
      if startsPolicy {
        kind = try policyStatement()
      } else if let assignment = try assignment() {
        kind = assignment
      } else {
        let value = try pipeline(isStatement: true)
        kind = try partAssignment(value) ?? .expression(value)
      }
    }
    return Statement(kind: kind, span: span(start, previousEnd))
  }

  private mutating func letStatement() throws -> Statement.Kind {
    advance()
    let name = try name("a name after `let`")
    try expect("=", "`=` and a value")
    let value = try pipeline()
    vocabulary.variables.insert(name.text)
    return .bind(name, value)
  }

  private mutating func assignment() throws -> Statement.Kind? {
    guard next.kind == .identifier else { return nil }
    let sign = tokenAfterNext()
    guard sign.kind == .sign, !sign.newlineBefore, Self.assignments.contains(sign.text) else { return nil }
    let name = try name("a name", mayBeginLine: true)
    advance()
    assignedNames.insert(name.text)
    return .assign(name, BinaryOperator(rawValue: String(sign.text.dropLast())), try pipeline())
  }

  private static let assignments: Set<String> = ["=", "+=", "-=", "*=", "/="]

  /// `x.a[0] = e` where `x.a[0]` has just been read.
  private mutating func partAssignment(_ target: Expression) throws -> Statement.Kind? {
    guard next.kind == .sign, !atNewline, Self.assignments.contains(next.text) else { return nil }
    var parts: [PartSyntax] = []
    var whole = target
    while true {
      switch whole.kind {
      case .field(let inner, let name):
        parts.append(.field(name))
        whole = inner
        continue
      case .index(let inner, let subscripts):
        for subscripted in subscripts.reversed() {
          guard case .index(let index) = subscripted else { throw unexpected(expected: "one element before `=`") }
          parts.append(.index(index))
        }
        whole = inner
        continue
      case .name(let name) where !parts.isEmpty:
        let operation = BinaryOperator(rawValue: String(next.text.dropLast()))
        advance()
        assignedNames.insert(name)
        return .assignPart(Name(text: name, span: whole.span), parts.reversed(), operation, try pipeline())
      default: return nil
      }
    }
  }

  private mutating func definition() throws -> Statement.Kind {
    let doc = documentation(next.comment)
    advance()
    let name = try name("a name after `def`")
    vocabulary.variables.insert(name.text)
    let parameters = try definedParameters()
    let (mark, saved) = (vocabulary.variables.mark, (allowsJumps, loopDepth))
    for parameter in parameters { vocabulary.variables.insert(parameter.name.text) }
    (allowsJumps, loopDepth) = (true, 0)
    functionDepth += 1
    let body = try block()
    functionDepth -= 1
    (allowsJumps, loopDepth) = saved
    vocabulary.variables.forget(after: mark)
    return .define(name, parameters, body, doc: doc)
  }

  /// `(a, b=2)`.
  mutating func definedParameters() throws -> [DefinedParameter] {
    let opened = nextSpan
    try expect("(", "`(` and the parameters")
    return try bracketed { parser in
      var parameters: [DefinedParameter] = []
      while !parser.isSign(")") {
        let name = try parser.name("the name of a parameter")
        let value = parser.take("=") ? try parser.expression() : nil
        parameters.append(DefinedParameter(name: name, defaultValue: value))
        if !parser.take(",") { break }
      }
      try parser.close(")", opened: opened)
      return parameters
    }
  }

  func documentation(_ comment: Range<Int>?) -> String {
    guard let comment else { return "" }
    return TextLines.of(source.text(in: comment)).filter { !$0.isEmpty }.map { line in
      String(line.drop { $0 == " " || $0 == "\t" }.drop { $0 == "#" }.drop { $0 == " " })
    }.joined(separator: "\n")
  }

  private mutating func forStatement() throws -> Statement.Kind {
    advance()
    let name = try name("a name after `for`")
    guard takeKeyword("in") else { throw unexpected(expected: "`in`") }
    let items = try expression()
    let mark = vocabulary.variables.mark
    vocabulary.variables.insert(name.text)
    let body = try loopBlock()
    vocabulary.variables.forget(after: mark)
    return .loop(name, items, body)
  }

  private mutating func whileStatement() throws -> Statement.Kind {
    advance()
    let condition = try expression()
    return .whileLoop(condition, try loopBlock())
  }

  private mutating func loopBlock() throws -> Block {
    let saved = allowsJumps
    loopDepth += 1
    defer {
      loopDepth -= 1
      allowsJumps = saved
    }
    return try block()
  }

  private mutating func returnStatement() throws -> Statement.Kind {
    guard functionDepth > 0, allowsJumps else { throw Problem.misplacedJump("return", at: nextSpan) }
    advance()
    if next.kind == .end || atNewline || isSign("}") || isSign(";") { return .returnValue(nil) }
    return .returnValue(try pipeline())
  }

  private mutating func assertStatement() throws -> Statement.Kind {
    advance()
    let condition = try expression()
    return .assert(condition, message: take(",") ? try expression() : nil)
  }

  private mutating func importStatement() throws -> Statement.Kind {
    guard nesting == 0 else {
      throw Problem.unexpected("`import`", expected: "the outermost level of a text", at: nextSpan)
    }
    advance()
    guard case .string(let pieces) = next.kind, !atNewline, pieces.count == 1, case .text(let path) = pieces[0] else {
      throw unexpected(expected: "the path of a file in quotes")
    }
    let place = nextSpan
    advance()
    return .importFile(path, place)
  }

  /// `{` statements `}`; what a `let` inside makes is known only inside.
  mutating func block() throws -> Block {
    let opened = nextSpan
    guard isSign("{"), !atNewline else { throw unexpected(expected: "`{`") }
    advance()
    let (mark, saved) = (vocabulary.variables.mark, (ignoresNewlines, isArgument))
    (ignoresNewlines, isArgument) = (false, false)
    defer {
      (ignoresNewlines, isArgument) = saved
      vocabulary.variables.forget(after: mark)
    }
    return try nested { parser in
      var statements: [Statement] = []
      let saved = parser.tallest
      parser.tallest = 0
      while !parser.isSign("}"), parser.next.kind != .end {
        if let statement = parser.recoveringStatement() { statements.append(statement) }
      }
      try parser.close("}", opened: opened)
      let height = parser.tallest + 1
      guard height < Self.maximumHeight else { throw Problem.nestedTooDeep(at: opened) }
      parser.tallest = max(saved, height)
      return Block(statements: statements, span: parser.span(opened.start, parser.previousEnd), height: height)
    }
  }
}
