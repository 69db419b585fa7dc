/// A part of a text and what it is, for an editor that colours it.
public struct Highlight: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case command, keyword, parameter, name, function, number, string, comment, pipe
    /// No command, method or parameter of that name is known, and none begins so where the cursor still is.
    case unknown
  }

  public var kind: Kind
  /// UTF-8 offsets.
  public var range: Range<Int>

  public init(_ kind: Kind, _ range: Range<Int>) {
    self.kind = kind
    self.range = range
  }
}

/// Colours for a text as it is typed; the text need not parse. Never runs anything.
public struct Highlighter {
  private let context: Context

  public init(context: Context) { self.context = context }

  /// The parts that are something, in order and apart from each other.
  ///
  /// - Parameter cursor: UTF-8 offset where the user types; a word that ends there may still become a known one.
  public func highlights(_ text: String, cursor: Int? = nil) -> [Highlight] {
    var walk = HighlightWalk(Source(name: "", text: text), cursor: cursor, context: context)
    walk.run()
    return walk.found
  }
}

/// One pass over the tokens of a text.
private struct HighlightWalk {
  let source: Source
  let cursor: Int?
  let context: Context
  let lexer: Lexer
  var found: [Highlight] = []
  private var levels = [Level()]
  private var previous: Token?
  private var declared: Set<String> = []

  /// An open bracket, or the text itself, with the stage that is being read in it.
  private struct Level {
    var bracket = ""
    var isStart = true
    var signature: Signature?
    /// The command's parameters and those of the names that it was given.
    var active: [Parameter] = []
    var positionals = 0
    /// The parameter in `parameter=`, if its value comes next.
    var named: Parameter?
    /// Names in a `def`'s round brackets are made there.
    var declares = false

    /// The parameter that a word here belongs to.
    var parameter: Parameter? {
      if let named { return named }
      let places = active.filter(\.positional)
      return positionals < places.count ? places[positionals] : places.last.flatMap { $0.variadic ? $0 : nil }
    }
  }

  init(_ source: Source, cursor: Int?, context: Context) {
    self.source = source
    self.cursor = cursor
    self.context = context
    lexer = Lexer(source, hyphenatedNames: context.commands.hyphenatedNames)
  }

  mutating func run() {
    var position = 0
    while true {
      let token = lexer.token(from: position)
      comments(position..<token.start)
      if token.kind == .end { return }
      position = max(token.end, position + 1)
      if token.newlineBefore, !["(", "["].contains(levels[top].bracket), token.text != "|" || token.kind != .sign {
        levels[top] = Level(bracket: levels[top].bracket)
      }
      position = max(position, read(token))
      previous = token
    }
  }

  private var top: Int { levels.count - 1 }

  private mutating func mark(_ kind: Highlight.Kind, _ range: Range<Int>) {
    if !range.isEmpty { found.append(Highlight(kind, range)) }
  }

  private mutating func comments(_ gap: Range<Int>) {
    var start = gap.lowerBound
    while let sign = source.bytes[start..<gap.upperBound].firstIndex(of: UInt8(ascii: "#")) {
      let end = source.bytes[sign..<gap.upperBound].firstIndex(of: 0x0A) ?? gap.upperBound
      mark(.comment, sign..<end)
      start = end
    }
  }

  /// Marks a token; returns where the next one begins, as a bare word may be longer than the token.
  private mutating func read(_ token: Token) -> Int {
    let range = token.start..<token.end
    switch token.kind {
    case .end: break
    case .keyword:
      mark(["true", "false", "nil"].contains(token.text) ? .number : .keyword, range)
      let opens = ["else", "try", "in", "and", "or", "not", "if", "while", "assert", "return"].contains(token.text)
      if levels[top].signature == nil { levels[top].isStart = opens && token.text == "return" }
    case .number:
      mark(.number, range)
      takeArgument()
    case .string(let pieces):
      string(range, pieces)
      takeArgument()
    case .invalid(let problem):
      mark(problem.code == "K003" || source.bytes[token.start] == UInt8(ascii: "\"") ? .string : .unknown, range)
    case .sign: return sign(token)
    case .identifier: return word(token)
    }
    return token.end
  }

  /// Text of a string, without the code between braces.
  private mutating func string(_ range: Range<Int>, _ pieces: [Token.StringPiece]) {
    var start = range.lowerBound
    for case .code(let code) in pieces {
      mark(.string, start..<max(start, code.lowerBound - 1))
      start = min(code.upperBound + 1, range.upperBound)
    }
    mark(.string, start..<range.upperBound)
    levels[top].isStart = false
  }

  private mutating func takeArgument() {
    levels[top].isStart = false
    if levels[top].named != nil { levels[top].named = nil } else { levels[top].positionals += 1 }
  }

  private mutating func sign(_ token: Token) -> Int {
    switch token.text {
    case "|":
      mark(.pipe, token.start..<token.end)
      levels[top] = Level(bracket: levels[top].bracket)
    case ";": levels[top] = Level(bracket: levels[top].bracket)
    case "(", "[", "{":
      var level = Level(bracket: token.text)
      if token.text == "(", let callee = previous, callee.kind == .identifier, callee.end == token.start {
        if let entry = context.catalogue.callable(callee.text)?.entry {
          level.signature = Signature(callee.text, summary: "", parameters: entry.parameters)
          level.active = entry.parameters
        }
        level.isStart = false
        level.declares = declaresParameters
      }
      if token.text == "[" { level.isStart = false }
      levels.append(level)
    case ")", "]", "}":
      if levels.count > 1 { levels.removeLast() }
      if levels[top].signature != nil, token.text != "}" { takeArgument() }
      levels[top].isStart = false
    case "=":
      if levels[top].signature == nil { levels[top].isStart = true }
    case ",": if levels[top].signature == nil { levels[top].isStart = false }
    case "/", ".", "~":
      // The beginning of a path.
      if levels[top].signature != nil, token.spaceBefore, case .path? = levels[top].parameter?.type {
        let end = lexer.bareWordEnd(from: token.start)
        mark(.string, token.start..<end)
        takeArgument()
        return end
      }
    default: if levels[top].signature == nil { levels[top].isStart = false }
    }
    return token.end
  }

  private var declaresParameters: Bool {
    guard let mark = found.last(where: { $0.kind == .keyword }) else { return false }
    return source.text(in: mark.range) == "def" && levels[top].bracket != "("
      && source.line(at: mark.range.lowerBound) == source.line(at: previous?.start ?? 0)
  }

  private mutating func word(_ token: Token) -> Int {
    let range = token.start..<token.end
    let next = lexer.token(from: token.end)
    if let before = previous, before.kind == .keyword, ["let", "def", "for", "catch"].contains(before.text) {
      declared.insert(token.text)
      if before.text == "def" { mark(.function, range) }
      levels[top].isStart = false
      return token.end
    }
    if levels[top].declares || next.text == "->" {
      declared.insert(token.text)
      return token.end
    }
    if levels[top].signature != nil { return argument(token, next) }
    if next.kind == .sign, next.text == ":", levels[top].bracket == "{" { return token.end }
    let isStart = levels[top].isStart
    levels[top].isStart = false
    if isStart, next.kind == .sign, next.text == "=", !next.newlineBefore { return token.end }
    if previous?.kind == .sign, previous?.text == ".", previous?.end == token.start { return token.end }
    if isStart, let signature = context.commands.signature(token.text), !declared.contains(token.text) {
      mark(.command, range)
      (levels[top].signature, levels[top].active) = (signature, signature.parameters)
    } else if declared.contains(token.text) || context.variable(token.text) != nil {
      if case .function? = context.variable(token.text) { mark(.function, range) }
    } else if context.functions.table[token.text] != nil {
      mark(.function, range)
    } else if context.catalogue.callable(token.text) != nil {
      mark(.name, range)
    } else if isStart, levels[top].bracket != "(", !mayBecome(token, startNames) {
      mark(.unknown, range)
    }
    return token.end
  }

  private var startNames: [String] {
    context.commands.signatures.map(\.name) + context.variableNames + context.functions.all.map(\.name) + declared
      + Token.keywords + ["exit", "quit"]
  }

  /// Whether the user is still typing the word and it begins like one of the names.
  private func mayBecome(_ token: Token, _ names: [String]) -> Bool {
    let isTyped = cursor.map { $0 >= token.start && $0 <= token.end } ?? false
    return names.contains { isTyped ? $0.hasPrefix(token.text) : $0 == token.text }
  }

  /// A word among the arguments of a command.
  private mutating func argument(_ token: Token, _ next: Token) -> Int {
    if next.kind == .sign, next.text == "=", let signature = levels[top].signature {
      levels[top].named = levels[top].active.first { $0.name == token.text || $0.aliases.contains(token.text) }
      let isKnown = levels[top].named != nil || signature.takesNamedExpressions
      mark(isKnown ? .parameter : .unknown, token.start..<token.end)
      return next.end
    }
    guard let type = levels[top].parameter?.type, type.takesWord, touchesNothing(token) else {
      if context.functions.table[token.text] != nil, next.text == "(" { mark(.function, token.start..<token.end) }
      return token.end
    }
    let end = lexer.bareWordEnd(from: token.start)
    let text = source.text(in: token.start..<end)
    let whole = Token(
      kind: .identifier, text: text, start: token.start, end: end, newlineBefore: false, spaceBefore: true)
    switch type {
    case .name(let kind):
      if let entry = context.catalogue.entry(text, of: kind) {
        mark(.name, token.start..<end)
        levels[top].active += entry.parameters
      } else if context.variable(text) == nil, !declared.contains(text), end == source.bytes.count || !opens(end),
        !mayBecome(whole, context.catalogue.entries(of: kind).map(\.name))
      {
        mark(.unknown, token.start..<end)
      }
    case .choice(let words):
      if words.contains(text) {
        mark(.name, token.start..<end)
      } else if !mayBecome(whole, words) {
        mark(.unknown, token.start..<end)
      }
    case .path: mark(.string, token.start..<end)
    default: break
    }
    takeArgument()
    return end
  }

  private func opens(_ offset: Int) -> Bool { "([".utf8.contains(source.bytes[offset]) }

  private func touchesNothing(_ token: Token) -> Bool {
    token.spaceBefore || previous?.text == "=" || previous?.end != token.start
  }
}
