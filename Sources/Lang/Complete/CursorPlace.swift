/// What kind of thing may stand at a cursor, read from the tokens before it; the text need not parse.
struct CursorPlace {
  enum Kind {
    /// Inside a string or a comment.
    case nothing
    /// The beginning of a stage.
    case start
    case expression
    /// Behind `a.b.`: the names before the last point.
    case field(of: [String])
    case arguments([Parameter], given: Set<String>, positional: Parameter?)
    case value(Parameter)
    /// What `help` explains.
    case topic
  }

  private(set) var kind = Kind.start
  /// The part of a word that is typed already, and its place.
  private(set) var word = ""
  private(set) var range = 0..<0
  /// Something flows into the stage.
  private(set) var hasInput = false
  /// Columns of the incoming table, as far as declarations and variables tell.
  private(set) var columns: [String] = []
  /// Names that the text before the cursor makes.
  private(set) var localNames: [String] = []

  /// An open bracket, or the text itself, with the stage that is being written in it.
  private struct Level {
    var bracket = ""
    /// The word directly before a round bracket.
    var callee: String?
    var stage: [Token] = []
    var hasInput = false
    var columns: [String] = []
    /// Words in the square brackets that closed last.
    var listed: [String] = []
    /// Keys of the records that are written out.
    var keys: [String] = []
  }

  init(_ source: Source, cursor: Int, context: Context, fileColumns: (String) -> [String]) {
    var start = cursor
    while start > 0, Lexer.isBareWordPart(source.bytes[start - 1]) { start -= 1 }
    let (levels, isInText) = Self.read(
      source, until: start, cursor: cursor, context: context, fileColumns: fileColumns, names: &localNames)
    guard let level = levels.last, !isInText else {
      kind = .nothing
      range = cursor..<cursor
      return
    }
    (hasInput, columns) = (level.hasInput, level.columns)
    if level.columns.isEmpty, levels.count > 1 {
      columns = levels.reversed().first { !$0.columns.isEmpty }?.columns ?? []
    }
    let typed = source.text(in: start..<cursor)
    let command = level.stage.first.flatMap { $0.kind == .identifier ? context.commands.signature($0.text) : nil }
    if let dot = typed.lastIndex(of: "."), command == nil || typed.first != ".", let owner = Self.owner(typed[..<dot]) {
      if let name = owner.first, context.variable(name) != nil {
        setWord(source, typed[typed.index(after: dot)...].utf8.count, cursor)
        kind = .field(of: owner)
        return
      }
    }
    setWord(source, typed.utf8.count, cursor)
    if let callee = level.callee, let parameters = Self.parameters(of: callee, context) {
      inArguments(Signature(callee, summary: "", parameters: parameters), level.stage, context)
    } else if command?.name == "help" {
      kind = .topic
    } else if let command {
      inArguments(command, Array(level.stage.dropFirst()), context)
    } else {
      kind = level.stage.isEmpty && level.bracket != "[" && level.callee == nil ? .start : .expression
      if case .expression = kind { trimToIdentifier(source, cursor) }
    }
  }

  /// Parameters of a call's callee; nil for a function that documents none.
  private static func parameters(of callee: String, _ context: Context) -> [Parameter]? {
    if context.variable(callee) != nil { return nil }
    if let function = context.functions.table[callee] {
      let named = function.parameters.filter { !$0.doc.isEmpty }
      return named.isEmpty ? nil : function.parameters
    }
    return context.catalogue.callable(callee)?.entry.parameters
  }

  private mutating func setWord(_ source: Source, _ count: Int, _ cursor: Int) {
    range = cursor - count..<cursor
    word = source.text(in: range)
  }

  /// In an expression a word ends at operators.
  private mutating func trimToIdentifier(_ source: Source, _ cursor: Int) {
    var start = cursor
    while start > 0, Lexer.isWordPart(source.bytes[start - 1]) { start -= 1 }
    setWord(source, cursor - start, cursor)
  }

  private static func owner(_ text: Substring) -> [String]? {
    let names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return names.allSatisfy(Value.isWord) ? names : nil
  }

  private mutating func inArguments(_ signature: Signature, _ tokens: [Token], _ context: Context) {
    var active = signature.parameters
    var given: Set<String> = []
    var positionals = 0
    var index = 0
    while index < tokens.count {
      let token = tokens[index]
      let isName = token.kind == .identifier && index + 1 < tokens.count && tokens[index + 1].text == "="
      if isName {
        let parameter = active.first { $0.name == token.text || $0.aliases.contains(token.text) }
        if index + 2 >= tokens.count {
          kind = parameter.map { .value($0) } ?? .expression
          return
        }
        given.insert(parameter?.name ?? token.text)
        index += 2
      } else if token.kind != .sign || token.text == "[" || token.text == "(" {
        let positional = active.filter(\.positional)
        if positionals < positional.count {
          let parameter = positional[positionals]
          given.insert(parameter.name)
          if case .name(let kind) = parameter.type, let entry = context.catalogue.entry(token.text, of: kind) {
            active += entry.parameters
          }
          if !parameter.variadic { positionals += 1 } else { given.remove(parameter.name) }
        }
      }
      index += 1
    }
    let positional = active.filter(\.positional)
    kind = .arguments(active, given: given, positional: positionals < positional.count ? positional[positionals] : nil)
  }

  /// Follows brackets and pipes up to an offset.
  private static func read(
    _ source: Source, until end: Int, cursor: Int, context: Context, fileColumns: (String) -> [String],
    names: inout [String]
  ) -> (levels: [Level], isInText: Bool) {
    var lexer = Lexer(source, hyphenatedNames: context.commands.hyphenatedNames)
    lexer.limit = end
    var levels = [Level()]
    var token = lexer.token(from: 0)
    var previous: Token?
    while token.kind != .end {
      if case .invalid = token.kind { return (levels, true) }
      let top = levels.count - 1
      if token.newlineBefore, levels[top].bracket != "(", levels[top].bracket != "[", token.text != "|" {
        levels[top] = Level(bracket: levels[top].bracket)
      }
      if let word = previous, word.kind == .keyword, ["let", "def", "for"].contains(word.text) {
        names.append(token.text)
      }
      if let word = previous, word.kind == .identifier, token.kind == .identifier, !token.newlineBefore {
        if word.text == "policy" { names += context.catalogue.policyInputs.map(\.name) + ["score"] }
        if word.text == "state" { names.append(token.text) }
      }
      switch token.kind == .sign ? token.text : "" {
      case "|":
        let level = levels[top]
        let columns = StageColumns(
          context: context, stage: level.stage, listed: level.listed, keys: level.keys, incoming: level.columns
        ).columns(fileColumns)
        levels[top] = Level(bracket: level.bracket, callee: level.callee, hasInput: true, columns: columns)
      case ";": levels[top] = Level(bracket: levels[top].bracket)
      case "(", "[", "{":
        let callee = previous.flatMap {
          $0.kind == .identifier && $0.end == token.start && token.text == "(" ? $0.text : nil
        }
        levels[top].stage.append(token)
        levels.append(Level(bracket: token.text, callee: callee))
      case ")", "]", "}":
        guard levels.count > 1 else { break }
        let inner = levels.removeLast()
        levels[top - 1].keys += inner.keys.filter { !levels[top - 1].keys.contains($0) }
        if token.text == "]" { levels[top - 1].listed = inner.stage.filter { $0.kind == .identifier }.map(\.text) }
      case ":" where levels[top].bracket == "{" && previous?.kind == .identifier:
        if let key = previous?.text, !levels[top].keys.contains(key) { levels[top].keys.append(key) }
        levels[top].stage.append(token)
      case "=" where levels[top].callee == nil && isAssignment(levels[top].stage, context):
        levels[top].stage = []
      case "" where isTime(token, levels[top].stage, context): break
      default: levels[top].stage.append(token)
      }
      previous = token
      token = lexer.token(from: token.end)
    }
    let lineStart = source.lineRange(source.line(at: cursor)).lowerBound
    let isComment = token.comment.map { $0.upperBound >= end && end > lineStart } ?? false
    return (levels, isComment)
  }

  /// `time` stands before a pipeline without being part of it.
  private static func isTime(_ token: Token, _ stage: [Token], _ context: Context) -> Bool {
    stage.isEmpty && token.kind == .identifier && token.text == "time" && context.commands.signature("time") != nil
  }

  /// `let NAME` or `NAME`: a pipeline begins behind the sign.
  private static func isAssignment(_ stage: [Token], _ context: Context) -> Bool {
    guard let first = stage.first else { return false }
    return first.text == "let" || (stage.count == 1 && context.commands.signature(first.text) == nil)
  }
}
