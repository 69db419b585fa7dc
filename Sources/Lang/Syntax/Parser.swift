/// Recursive descent over one source. A statement that does not parse is recorded and skipped, so that one pass finds
/// every mistake of a file.
struct Parser {
  /// Levels of brackets and blocks; keeps hostile input such as `((((` from using up the stack.
  static let maximumNesting = 80
  /// Levels of a finished tree, which also counts `1+1+1+…`.
  static let maximumHeight = 240

  let source: Source
  var lexer: Lexer
  var vocabulary: Vocabulary
  /// The next token.
  var next: Token
  /// Where the token before ended.
  var previousEnd = 0
  var problems: [Problem] = []
  var nesting = 0
  /// Inside round or square brackets a line break means nothing.
  var ignoresNewlines = false
  /// Among the arguments of a command, a space separates.
  var isArgument = false
  /// A block that is an operand cannot return or break.
  var allowsJumps = true
  var loopDepth = 0
  var functionDepth = 0
  /// Height of the tallest tree of the block that is being read.
  var tallest = 0
  /// Names whose `let` or `def` did not parse; a use of them is not another mistake.
  var failedNames: Set<String> = []
  var assignedNames: Set<String> = []

  init(_ source: Source, vocabulary: Vocabulary) {
    self.source = source
    self.vocabulary = vocabulary
    lexer = Lexer(source, hyphenatedNames: vocabulary.commands.hyphenatedNames)
    next = lexer.token(from: 0)
  }

  /// Parses the whole source.
  static func parse(_ source: Source, vocabulary: Vocabulary) -> Script {
    var parser = Parser(source, vocabulary: vocabulary)
    var statements: [Statement] = []
    while parser.next.kind != .end {
      if let statement = parser.recoveringStatement() { statements.append(statement) }
    }
    return Script(
      statements: statements, problems: parser.problems, failedNames: parser.failedNames,
      assignedNames: parser.assignedNames)
  }

  // MARK: Tokens

  func span(_ start: Int, _ end: Int) -> Span { Span(source, start, end) }
  var nextSpan: Span { span(next.start, next.end) }

  mutating func advance() {
    previousEnd = next.end
    next = lexer.token(from: next.end)
  }

  mutating func move(to offset: Int) {
    previousEnd = offset
    next = lexer.token(from: offset)
  }

  /// A line break that ends a statement lies before the next token.
  var atNewline: Bool { next.newlineBefore && !ignoresNewlines }

  func isSign(_ text: String) -> Bool { next.kind == .sign && next.text == text }
  func isKeyword(_ text: String) -> Bool { next.kind == .keyword && next.text == text }

  /// The token behind the next one.
  func tokenAfterNext() -> Token { lexer.token(from: next.end) }

  mutating func take(_ sign: String) -> Bool {
    guard isSign(sign) else { return false }
    advance()
    return true
  }

  mutating func takeKeyword(_ word: String) -> Bool {
    guard isKeyword(word), !atNewline else { return false }
    advance()
    return true
  }

  mutating func expect(_ sign: String, _ what: String) throws {
    if !take(sign) { throw unexpected(expected: what) }
  }

  /// The closing partner of a bracket; the message shows both.
  mutating func close(_ sign: String, opened: Span) throws {
    if take(sign) { return }
    if case .invalid(let problem) = next.kind { throw problem }
    throw Problem.unclosedBracket(opened.text, expected: sign, seen: describeNext(), opened: opened, at: nextSpan)
  }

  func describeNext() -> String {
    switch next.kind {
    case .end: "the end"
    case .number, .string, .identifier, .keyword, .sign, .invalid: "`\(span(next.start, next.end).text)`"
    }
  }

  func unexpected(expected: String) -> Problem {
    if case .invalid(let problem) = next.kind { return problem }
    if atNewline { return .unexpected("the end of the line", expected: expected, at: span(previousEnd, previousEnd)) }
    let suggestion = next.text == ":" && expected != "`{`" ? nil : ForeignWord.places[next.text]
    return .unexpected(describeNext(), expected: expected, suggestion: suggestion, at: nextSpan)
  }

  mutating func name(_ what: String, mayBeginLine: Bool = false) throws -> Name {
    guard next.kind == .identifier, mayBeginLine || !atNewline else { throw unexpected(expected: what) }
    let name = Name(text: next.text, span: nextSpan)
    advance()
    return name
  }

  // MARK: Nesting

  /// Runs a part of the parser one level deeper.
  mutating func nested<Result>(_ body: (inout Parser) throws -> Result) throws -> Result {
    guard nesting < Self.maximumNesting else { throw Problem.nestedTooDeep(at: nextSpan) }
    nesting += 1
    defer { nesting -= 1 }
    return try body(&self)
  }

  /// Runs a part of the parser inside brackets, where line breaks and spaces mean nothing; the expressions inside
  /// count the nesting.
  mutating func bracketed<Result>(_ body: (inout Parser) throws -> Result) throws -> Result {
    let saved = (ignoresNewlines, isArgument)
    (ignoresNewlines, isArgument) = (true, false)
    defer { (ignoresNewlines, isArgument) = saved }
    return try body(&self)
  }

  mutating func expression(_ kind: ExpressionKind, from start: Int, height: Int) throws -> Expression {
    let span = span(start, previousEnd)
    guard height < Self.maximumHeight else { throw Problem.nestedTooDeep(at: span) }
    tallest = max(tallest, height + 1)
    return Expression(kind: kind, span: span, height: height + 1)
  }

  // MARK: Recovery

  /// A statement, or nil with its problem recorded and the text up to the next line skipped.
  mutating func recoveringStatement() -> Statement? {
    let saved = (ignoresNewlines, isArgument, allowsJumps, nesting, loopDepth, functionDepth, lexer.limit)
    let mark = vocabulary.variables.mark
    let first = next
    let start = next.start
    do {
      let statement = try statement()
      try endStatement()
      return statement
    } catch {
      (ignoresNewlines, isArgument, allowsJumps, nesting, loopDepth, functionDepth, lexer.limit) = saved
      vocabulary.variables.forget(after: mark)
      if first.kind == .keyword, first.text == "let" || first.text == "def" {
        let name = lexer.token(from: first.end).text
        failedNames.insert(name)
        vocabulary.variables.insert(name)
      }
      if let problem = error as? Problem { problems.append(problem) }
      skipStatement(from: start)
      return nil
    }
  }

  mutating func endStatement() throws {
    if take(";") || next.kind == .end || next.newlineBefore || isSign("}") { return }
    throw unexpected(expected: "the end of the line")
  }

  /// Moves to the next line outside brackets; always moves.
  private mutating func skipStatement(from start: Int) {
    if next.start <= start, next.kind != .end { advance() }
    var depth = 0
    while next.kind != .end {
      if next.newlineBefore, depth <= 0, !isSign("|") { return }
      if isSign("(") || isSign("[") || isSign("{") { depth += 1 }
      if isSign(")") || isSign("]") || isSign("}") {
        if depth == 0, isSign("}"), nesting > 0 { return }
        depth = max(0, depth - 1)
      }
      advance()
    }
  }
}
