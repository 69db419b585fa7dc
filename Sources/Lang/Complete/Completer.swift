/// One thing that could stand at the cursor.
public struct Completion: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case command, name, parameter, value, variable, function, column, keyword, field
    /// A value as it might be, to be shown rather than typed at once.
    case hint
  }

  /// What replaces `range`.
  public var text: String
  public var doc: String
  public var kind: Kind
  /// UTF-8 offsets of the part of the text that is replaced.
  public var range: Range<Int>

  public init(_ text: String, doc: String, kind: Kind, range: Range<Int>) {
    self.text = text
    self.doc = doc
    self.kind = kind
    self.range = range
  }
}

/// Completions and multi-line reading for an editor; never runs anything.
public struct Completer {
  let context: Context
  /// Columns of the table in a file, for what comes behind `load`; must be quick.
  let fileColumns: (_ path: String) -> [String]

  public init(context: Context, fileColumns: @escaping (_ path: String) -> [String] = { _ in [] }) {
    self.context = context
    self.fileColumns = fileColumns
  }

  /// What could stand at a UTF-8 offset of the text, best first.
  public func completions(_ text: String, at cursor: Int) -> [Completion] {
    let source = Source(name: "", text: text)
    let place = CursorPlace(
      source, cursor: min(max(cursor, 0), source.bytes.count), context: context, fileColumns: fileColumns)
    let found: [Completion]
    switch place.kind {
    case .nothing: found = []
    case .field(let owner): found = fields(of: owner, place)
    case .start: found = commands(place) + expressionNames(place) + keywords(place)
    case .expression: found = columns(place) + expressionNames(place)
    case .arguments(let parameters, let given, let positional):
      found = arguments(parameters, given, positional, place)
    case .value(let parameter): found = values(of: parameter, place)
    case .topic: found = topics(place)
    }
    var seen: Set<String> = []
    return found.filter { $0.text.hasPrefix(place.word) && seen.insert($0.text).inserted }
  }

  /// False while a bracket or string is open or the text ends in `|` or an operator: an editor then asks for another line.
  public static func isComplete(_ text: String) -> Bool {
    let lexer = Lexer(Source(name: "", text: text))
    var depth = 0
    var token = lexer.token(from: 0)
    var last: Token?
    while token.kind != .end {
      if case .invalid(let problem) = token.kind { return problem.code != "K003" && problem.code != "K005" }
      if token.kind == .sign {
        if ["(", "[", "{"].contains(token.text) { depth += 1 }
        if [")", "]", "}"].contains(token.text) { depth -= 1 }
      }
      last = token
      token = lexer.token(from: token.end)
    }
    if depth > 0 { return false }
    guard let last else { return true }
    let isOpen = ["|", "+", "-", "*", "/", "//", "**", "=", "==", "->", ",", "<", ">", "<=", ">=", "!="].contains(
      last.text)
    return !(last.kind == .sign && isOpen)
      && !(last.kind == .keyword && ["and", "or", "not", "in"].contains(last.text))
  }

  // MARK: Kinds of completions

  private func make(_ text: String, _ doc: String, _ kind: Completion.Kind, _ place: CursorPlace) -> Completion {
    Completion(text, doc: doc, kind: kind, range: place.range)
  }

  private func commands(_ place: CursorPlace) -> [Completion] {
    context.commands.signatures.filter { signature in
      !place.hasInput || signature.accepts != [.nil]
    }.map { make($0.name, $0.summary, .command, place) }
  }

  private func keywords(_ place: CursorPlace) -> [Completion] {
    place.hasInput
      ? []
      : Self.keywords.filter { Token.keywords.contains($0.word) || $0.word == "policy" }.map {
        make($0.word, $0.doc, .keyword, place)
      }
  }

  private func expressionNames(_ place: CursorPlace) -> [Completion] {
    let globals = context.variableNames.compactMap { name in
      context.variable(name).map { value in
        if case .function(let function) = value {
          return make(name, function.doc.isEmpty ? value.text : function.doc, .function, place)
        }
        return make(name, Self.describe(value), .variable, place)
      }
    }
    let local = place.localNames.map { make($0, "", .variable, place) }
    let functions = context.functions.all.map { make($0.name, "\($0.usage): \($0.summary)", .function, place) }
    let callables = context.catalogue.kinds.filter { context.catalogue.isCallable($0) }.flatMap { kind in
      context.catalogue.entries(of: kind).filter { Value.isWord($0.name) }.map {
        make($0.name, $0.summary, .name, place)
      }
    }
    return globals + local + callables + functions
  }

  private func columns(_ place: CursorPlace) -> [Completion] {
    place.columns.map { make($0, "column", .column, place) }
  }

  private func fields(of owner: [String], _ place: CursorPlace) -> [Completion] {
    var value = owner.first.flatMap { context.variable($0) }
    for name in owner.dropFirst() { value = value.flatMap { Self.field(name, of: $0) } }
    guard let value else { return [] }
    let names: [String] =
      switch value {
      case .record(let record): record.keys
      case .table(let table): table.columnNames
      case .object(let object): object.fieldNames
      default: []
      }
    return names.filter(Value.isWord).map { name in
      let isColumn = if case .table = value { true } else { false }
      let doc = isColumn ? "column" : Self.field(name, of: value).map(Self.describe) ?? ""
      return make(name, doc, .field, place)
    }
  }

  private static func field(_ name: String, of value: Value) -> Value? {
    switch value {
    case .record(let record): record[name]
    case .object(let object): object.field(name)
    default: nil
    }
  }

  /// A value in a few words.
  private static func describe(_ value: Value) -> String {
    switch value {
    case .table(let table):
      "table of \(table.rowCount) row\(table.rowCount == 1 ? "" : "s"): \(table.columnNames.joined(separator: " "))"
    case .list(let elements): "list of \(elements.count)"
    case .record(let record): "record of \(record.keys.joined(separator: ", "))"
    case .bool, .int, .float, .share, .bytes, .range: "\(value.type.name) \(value.display)"
    case .string(let text): Value.string(String(text.prefix(60))).display
    default: value.type.name
    }
  }

  private static let keywords: [(word: String, doc: String)] = [
    ("let", "let NAME = VALUE"), ("def", "def NAME(a, b=2) { ... }: a function"),
    ("for", "for NAME in LIST { ... }"), ("if", "if CONDITION { ... } else { ... }"),
    ("while", "while CONDITION { ... }"),
    ("policy", "policy NAME { score = ... }: an eviction score of your own"),
    ("assert", "assert CONDITION, MESSAGE"), ("import", "import \"FILE\": its names"),
    ("try", "try { ... } catch e { ... }"),
  ]

  /// Everything that `help` explains.
  private func topics(_ place: CursorPlace) -> [Completion] {
    let commands = context.commands.signatures.map { make($0.name, $0.summary, .command, place) }
    let lists =
      [make("commands", "A line for each command.", .value, place)]
      + context.catalogue.kinds.map { make($0, "A line for each \($0).", .value, place) }
    let names = context.catalogue.kinds.flatMap { kind in
      context.catalogue.entries(of: kind).map { make($0.name, "\(kind): \($0.summary)", .name, place) }
    }
    let own = context.variableNames.compactMap { name -> Completion? in
      guard case .function(let function)? = context.variable(name) else { return nil }
      return make(name, function.doc, .value, place)
    }
    let functions = context.functions.all.map { make($0.name, "\($0.usage): \($0.summary)", .value, place) }
    return commands + lists + names + own + functions
  }

  private func arguments(
    _ parameters: [Parameter], _ given: Set<String>, _ positional: Parameter?, _ place: CursorPlace
  ) -> [Completion] {
    var found: [Completion] = []
    if let positional { found += values(of: positional, place) }
    for parameter in parameters where !given.contains(parameter.name) && parameter.name != positional?.name {
      found.append(make(parameter.name + "=", describe(parameter), .parameter, place))
    }
    return found
  }

  private func describe(_ parameter: Parameter) -> String {
    Help.describe(parameter)
  }

  private func values(of parameter: Parameter, _ place: CursorPlace) -> [Completion] {
    func isDefault(_ value: Value) -> Bool { parameter.defaultValue.map { $0.display == value.display } ?? false }
    switch parameter.type {
    case .name(let kind):
      return context.catalogue.entries(of: kind).map { make($0.name, $0.summary, .name, place) }
    case .choice(let words):
      return words.map { make($0, parameter.doc + (isDefault(.string($0)) ? " (default)" : ""), .value, place) }
    case .column: return columns(place)
    case .expression: return columns(place) + expressionNames(place)
    case .path: return []
    case .value(let type):
      let allowed = parameter.allowed.map {
        make($0.text, parameter.doc + (isDefault($0) ? " (default)" : ""), .value, place)
      }
      let flags = type == .bool ? ["true", "false"].map { make($0, parameter.doc, .value, place) } : []
      let byDefault =
        allowed.isEmpty && flags.isEmpty
        ? parameter.defaultValue.map { [make($0.display, Help.describe(parameter), .hint, place)] } ?? [] : []
      return allowed + flags + byDefault + (place.word.isEmpty ? [] : expressionNames(place))
    }
  }
}
