extension Parser {
  /// `policy NAME {` or `policy NAME(`: a word of the language only there, so that variables may have its name.
  var startsPolicy: Bool {
    guard next.kind == .identifier, next.text == "policy" else { return false }
    let name = tokenAfterNext()
    guard name.kind == .identifier, !name.newlineBefore else { return false }
    let open = lexer.token(from: name.end)
    return open.kind == .sign && !open.newlineBefore && (open.text == "{" || open.text == "(")
  }

  /// `policy NAME(parameters) { state s = e ... score = e }`.
  mutating func policyStatement() throws -> Statement.Kind {
    let start = next.start
    guard nesting == 0 else {
      throw Problem.unexpected("`policy`", expected: "the outermost level of a text", at: nextSpan)
    }
    let doc = documentation(next.comment)
    advance()
    let name = try name("a name after `policy`")
    let parameters = isSign("(") ? try definedParameters() : []
    let opened = nextSpan
    guard isSign("{"), !atNewline else { throw unexpected(expected: "`{`") }
    advance()
    let (mark, saved) = (vocabulary.variables.mark, (assignedNames, allowsJumps, loopDepth))
    assignedNames = []
    (allowsJumps, loopDepth) = (true, 0)
    for word in vocabulary.catalogue.policyInputs.map(\.name) + parameters.map(\.name.text) + ["score"] {
      vocabulary.variables.insert(word)
    }
    var states: [(Name, Expression)] = []
    let body = try nested { parser -> Block in
      var statements: [Statement] = []
      while !parser.isSign("}"), parser.next.kind != .end {
        if try parser.state(into: &states) { continue }
        if let statement = parser.recoveringStatement() { statements.append(statement) }
      }
      try parser.close("}", opened: opened)
      return Block(
        statements: statements, span: parser.span(opened.start, parser.previousEnd), height: parser.tallest + 1)
    }
    let hasScore = assignedNames.contains("score")
    (allowsJumps, loopDepth) = (saved.1, saved.2)
    vocabulary.variables.forget(after: mark)
    assignedNames.formUnion(saved.0)
    let outline = PolicyOutline(
      name: name.text, doc: doc, parameters: try parameters.map { ($0.name.text, try Self.literal($0)) },
      text: source.text(in: start..<previousEnd), span: name.span)
    if let entry = vocabulary.catalogue.policyEntry(outline) {
      vocabulary.catalogue = DeclaredCatalogue(base: vocabulary.catalogue, entry: entry)
    }
    return .policy(
      PolicySyntax(
        outline: outline, parameters: parameters, name: name, states: states, body: body, hasScore: hasScore))
  }

  /// `state s = e`.
  private mutating func state(into states: inout [(Name, Expression)]) throws -> Bool {
    guard next.kind == .identifier, next.text == "state" else { return false }
    let name = tokenAfterNext()
    guard name.kind == .identifier, !name.newlineBefore else { return false }
    advance()
    let word = try self.name("a name after `state`")
    try expect("=", "`=` and the value at the start")
    states.append((word, try expression()))
    vocabulary.variables.insert(word.text)
    try endStatement()
    return true
  }

  /// The value of a parameter's default, which must be plain to see.
  private static func literal(_ parameter: DefinedParameter) throws -> Value? {
    guard let expression = parameter.defaultValue else { return nil }
    switch expression.kind {
    case .literal(let value): return value
    case .unary(.minus, let operand):
      if case .literal(let value) = operand.kind,
        let negated = try? Operators.negate(value, missing: false, at: expression.span)
      {
        return negated
      }
    default: break
    }
    throw Problem(
      "K070", seen: "the default of `\(parameter.name.text)` is `\(expression.span.text)`",
      expected: "a number, a share, a word in quotes, true or false", labels: [.init(expression.span)])
  }
}
