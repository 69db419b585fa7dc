/// The arguments of a command or an entry tied to its parameters; what was constant is verified already.
struct Binding: Sendable {
  enum Content: Sendable {
    /// Code, verified against the parameter when it runs.
    case code(Code)
    /// Verified when the text was checked.
    case constant(Value)
    case row(@Sendable (Frame) throws -> RowExpression)
  }

  struct Bound: Sendable {
    /// Nil for a parameter that only the entry chosen at run time can declare.
    var parameter: Parameter?
    var name: String
    var content: Content
    var span: Span
    var nameSpan: Span?
    /// Columns that it names, if they are known before running.
    var words: [String]?
    /// Columns or names that its value is known to have.
    var names: [String]?
    /// The text of an expression over the columns.
    var text: String?
  }

  var arguments: [Bound] = []
  /// `NAME=expression` beyond the parameters.
  var namedExpressions: [(name: String, row: @Sendable (Frame) throws -> RowExpression, span: Span)] = []
  /// Entries chosen by a bare word, by parameter.
  var entries: [String: NameEntry] = [:]
  /// All entries chosen by bare words with their kinds, whose combination of arguments is validated.
  var chosen: [(entry: NameEntry, kind: String, span: Span)] = []
  /// Parameters of the command and of the chosen entries.
  var active: [Parameter] = []

  /// Evaluates the arguments and makes the call.
  func call(_ signature: Signature, input: Value, from: Span?, at span: Span, frame: Frame) throws -> Call {
    var values: [String: [Argument]] = [:]
    var entries = entries
    var chosen = chosen
    var active = active
    for bound in arguments where bound.parameter != nil {
      guard let parameter = bound.parameter else { continue }
      let content: Argument.Content
      switch bound.content {
      case .constant(let value): content = .value(value)
      case .code(let code):
        let value = try parameter.accept(try code(frame), at: bound.span)
        if case .name(let kind) = parameter.type, case .string(let word) = value {
          let entry = try Self.entry(word, kind, frame.context.catalogue, bound.span)
          entries[parameter.name] = entries[parameter.name] ?? entry
          chosen.append((entry, kind, bound.span))
          active += entry.parameters
          content = .value(.string(entry.name))
        } else {
          content = .value(value)
        }
      case .row(let make): content = .expression(try make(frame))
      }
      values[parameter.name, default: []].append(Argument(content, span: bound.span))
    }
    for bound in arguments where bound.parameter == nil {
      guard let parameter = active.first(where: { $0.name == bound.name || $0.aliases.contains(bound.name) }) else {
        throw Problem.unknownParameter(
          bound.name, of: signature.name, known: active.map(\.name), at: bound.nameSpan ?? bound.span)
      }
      guard case .code(let code) = bound.content else { continue }
      let value = try parameter.accept(try code(frame), at: bound.span)
      values[parameter.name, default: []].append(Argument(.value(value), span: bound.span))
    }
    for parameter in active where values[parameter.name] == nil {
      if let value = parameter.defaultValue {
        values[parameter.name] = [Argument(.value(value), span: span, isGiven: false)]
      } else if parameter.required {
        throw Problem.missingArgument(parameter.name, of: signature.name, doc: parameter.doc, at: span)
      }
    }
    try validate(chosen, values, frame.context.catalogue)
    return Call(
      signature: signature, input: input, inputSpan: from, span: span, arguments: values,
      namedExpressions: try namedExpressions.map { ($0.name, try $0.row(frame), $0.span) }, entries: entries)
  }

  static func entry(_ word: String, _ kind: String, _ catalogue: any Catalogue, _ span: Span) throws -> NameEntry {
    if let entry = catalogue.entry(word, of: kind) { return entry }
    let known = catalogue.entries(of: kind).map(\.name)
    throw Problem.unknownEntry(word, kind: kind, known: known, isVariable: false, at: span)
  }

  private func validate(
    _ chosen: [(entry: NameEntry, kind: String, span: Span)], _ values: [String: [Argument]], _ catalogue: any Catalogue
  ) throws {
    for (entry, kind, span) in chosen {
      var arguments = EntryArguments(values: [:], spans: [:], span: span)
      for parameter in entry.parameters {
        guard let argument = values[parameter.name]?.first, case .value(let value) = argument.content else { continue }
        arguments.values[parameter.name] = value
        if argument.isGiven { arguments.spans[parameter.name] = argument.span }
      }
      if let problem = catalogue.validate(entry, of: kind, with: arguments).first(where: { $0.severity == .error }) {
        throw problem.at(span)
      }
    }
  }
}
