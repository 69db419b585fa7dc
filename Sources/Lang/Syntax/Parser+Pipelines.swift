extension Parser {
  /// Stages joined by `|`; a single expression stays an expression.
  mutating func pipeline(isStatement: Bool = false) throws -> Expression {
    let start = next.start
    if let work = try timedWork() { return work }
    var stages = [try stage(isStatement: isStatement)]
    while isSign("|") {
      advance()
      if isSign("|"), !next.spaceBefore {
        let place = span(next.start - 1, next.end)
        throw Problem.unexpected(
          "`||`", expected: "a command or an expression after `|`", suggestion: ForeignWord.places["||"], at: place)
      }
      if next.kind == .end || isSign("|") { throw unexpected(expected: "a command or an expression after `|`") }
      stages.append(try stage(isStatement: false))
    }
    if stages.count == 1, case .expression(let only) = stages[0] { return only }
    let height =
      stages.map { stage in
        switch stage {
        case .command(let command): command.arguments.map(\.height).max() ?? 0
        case .expression(let expression): expression.height
        }
      }.max() ?? 0
    return try expression(.pipeline(stages), from: start, height: height)
  }

  private mutating func stage(isStatement: Bool) throws -> Stage {
    if startsCommand() { return .command(try command()) }
    if isStatement, isKeyword("if") || isKeyword("try") {
      return .expression(try isKeyword("if") ? conditional(isOperand: false) : attempt(isOperand: false))
    }
    return .expression(try expression())
  }

  /// Whether the next word is the name of a command, known or not, and no variable or function of that name is meant.
  private func startsCommand() -> Bool {
    guard next.kind == .identifier else { return false }
    let after = tokenAfterNext()
    let sameLine = ignoresNewlines || !after.newlineBefore
    let isVariable = vocabulary.variables.contains(next.text)
    let isCommand = vocabulary.commands.signature(next.text) != nil
    if isVariable, !isCommand { return false }
    guard sameLine, after.kind != .end else { return isCommand && !isVariable }
    switch after.kind {
    case .identifier, .number, .string: return true
    case .keyword: return ["true", "false", "nil", "not"].contains(after.text) || (isCommand && !isVariable)
    case .sign: return startsArguments(after, isCommand: isCommand, isVariable: isVariable)
    case .end, .invalid: return isCommand && !isVariable
    }
  }

  /// Whether a sign behind a word can be the beginning of an argument or the end of a stage; an operator cannot.
  private func startsArguments(_ sign: Token, isCommand: Bool, isVariable: Bool) -> Bool {
    let touchesNext = !lexer.token(from: sign.end).spaceBefore
    switch sign.text {
    case "(", "[":
      return sign.spaceBefore && !isVariable && (isCommand || vocabulary.functions.table[next.text] == nil)
    case "-", "/", ".", "..": return sign.spaceBefore && touchesNext && !isVariable && (isCommand || sign.text != "-")
    case "{": return sign.spaceBefore && isCommand && !isVariable
    case "|", ")", "]", "}", ",", ";": return isCommand && !isVariable
    default: return false
    }
  }

  // MARK: Commands

  private var endsArguments: Bool {
    if atNewline || next.kind == .end { return true }
    return next.kind == .sign && ["|", ")", "]", "}", ",", ";"].contains(next.text)
  }

  private mutating func command() throws -> CommandStage {
    let start = next.start
    let commandName = try name("a command", mayBeginLine: true)
    let signature = vocabulary.commands.signature(commandName.text)
    var active = signature?.parameters ?? []
    var taken = 0
    var arguments: [ArgumentSyntax] = []
    let saved = isArgument
    isArgument = true
    defer { isArgument = saved }
    while !endsArguments {
      var argumentName: Name?
      if let key = namedArgument() { argumentName = key }
      let parameter: Parameter?
      if let argumentName {
        parameter = active.first { $0.name == argumentName.text || $0.aliases.contains(argumentName.text) }
        if endsArguments { throw unexpected(expected: "a value after `\(argumentName.text)=`") }
      } else {
        let positional = active.filter(\.positional)
        parameter = taken < positional.count ? positional[taken] : positional.last.flatMap { $0.variadic ? $0 : nil }
        if parameter?.variadic != true { taken += 1 }
      }
      let isFreeExpression = argumentName != nil && parameter == nil && signature?.takesNamedExpressions == true
      let type = parameter?.type ?? (isFreeExpression ? .expression : nil)
      let argument = try argument(
        argumentName, type: type, isLenient: signature == nil || argumentName == nil,
        isOneOfMany: parameter?.variadic == true)
      if case .word(let word) = argument.content, case .name(let kind)? = parameter?.type,
        let entry = vocabulary.catalogue.entry(word, of: kind)
      {
        active += entry.parameters
      }
      arguments.append(argument)
    }
    return CommandStage(name: commandName, arguments: arguments, span: span(start, previousEnd))
  }

  /// `NAME=` if that is what comes.
  mutating func namedArgument() -> Name? {
    guard next.kind == .identifier || next.kind == .keyword else { return nil }
    let sign = tokenAfterNext()
    guard sign.kind == .sign, sign.text == "=", !sign.newlineBefore || ignoresNewlines else { return nil }
    let name = Name(text: next.text, span: nextSpan)
    advance()
    advance()
    return name
  }

  /// The value of an argument, as the type of its parameter wants it read; lenient reading takes any lone word.
  mutating func argument(_ name: Name?, type: ParameterType?, isLenient: Bool, isOneOfMany: Bool = false)
    throws -> ArgumentSyntax
  {
    let start = next.start
    if type == .expression {
      let saved = isArgument
      isArgument = isOneOfMany
      defer { isArgument = saved }
      let value = try expression()
      return ArgumentSyntax(name: name, content: .expression(value), span: value.span)
    }
    if type?.takesWord == true || (isLenient && type == nil && next.kind == .identifier) {
      if let word = bareWord(type) {
        return ArgumentSyntax(name: name, content: .word(word), span: span(start, previousEnd))
      }
      if isSign("["), type == .column || isChoice(type), let list = wordList(type) {
        return ArgumentSyntax(name: name, content: .expression(list), span: list.span)
      }
    }
    let value = try expression()
    return ArgumentSyntax(name: name, content: .expression(value), span: value.span)
  }

  private func isChoice(_ type: ParameterType?) -> Bool {
    switch type {
    case .choice: true
    case .name(let kind): !vocabulary.catalogue.isCallable(kind)
    default: false
    }
  }

  /// A bare word, unless the text is an expression: a quoted string, a bracket, or a call `kivi(bits=2)`.
  private mutating func bareWord(_ type: ParameterType?) -> String? {
    let end = lexer.bareWordEnd(from: next.start)
    guard end > next.start else { return nil }
    let first = source.bytes[next.start]
    guard Lexer.isWordPart(first) || (type == .path && "./~".utf8.contains(first)) else { return nil }
    if end < lexer.limit, source.bytes[end] == UInt8(ascii: "(") || source.bytes[end] == UInt8(ascii: "[") {
      return nil
    }
    let word = source.text(in: next.start..<end)
    move(to: end)
    return word
  }

  /// `[config, D]`: bare words in brackets; nil (nothing read) if something else is among them.
  private mutating func wordList(_ type: ParameterType?) -> Expression? {
    let saved = self
    let start = next.start
    advance()
    var words: [Expression] = []
    while !isSign("]") {
      let wordStart = next.start
      if case .string(let pieces) = next.kind, pieces.count == 1, case .text(let text) = pieces[0] {
        advance()
        words.append(Expression(kind: .literal(.string(text)), span: span(wordStart, previousEnd), height: 1))
      } else if let word = bareWord(type) {
        words.append(Expression(kind: .literal(.string(word)), span: span(wordStart, previousEnd), height: 1))
      } else {
        self = saved
        return nil
      }
      if !take(",") { break }
    }
    guard take("]") else {
      self = saved
      return nil
    }
    return Expression(kind: .list(words), span: span(start, previousEnd), height: 2)
  }
}
