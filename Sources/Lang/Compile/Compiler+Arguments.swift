extension Compiler {
  /// Ties the arguments of a command to its parameters and to those of the names it is given.
  func bind(_ arguments: [ArgumentSyntax], to signature: Signature, at span: Span, columns: [String]?) -> Binding {
    var binding = Binding()
    binding.active = signature.parameters
    var hasDynamicName = false
    var taken = 0
    var placed: [(argument: ArgumentSyntax, parameter: Parameter?)] = []
    for argument in arguments {
      var parameter: Parameter?
      if let name = argument.name {
        parameter = binding.active.first { $0.name == name.text || $0.aliases.contains(name.text) }
      } else {
        let positional = binding.active.filter(\.positional)
        parameter = taken < positional.count ? positional[taken] : positional.last.flatMap { $0.variadic ? $0 : nil }
        if let parameter {
          if !parameter.variadic { taken += 1 }
        } else {
          report(.tooManyArguments(of: signature.name, accepts: positional.count, at: argument.span))
          continue
        }
      }
      placed.append((argument, parameter))
      guard let parameter, case .name(let kind) = parameter.type else { continue }
      if case .word(let word) = argument.content {
        choose(word, kind, parameter, argument.span, &binding)
      } else {
        hasDynamicName = true
      }
    }
    bind(placed, to: signature, hasDynamicName: hasDynamicName, columns: columns, &binding)
    checkMissing(binding, signature, at: span)
    validate(binding)
    return binding
  }

  private func choose(_ word: String, _ kind: String, _ parameter: Parameter, _ span: Span, _ binding: inout Binding) {
    guard let entry = catalogue.entry(word, of: kind) else {
      let known = catalogue.entries(of: kind).map(\.name)
      let isVariable = scope.names(globals: globals).contains(word)
      report(.unknownEntry(word, kind: kind, known: known, isVariable: isVariable, at: span))
      failedEntry = true
      return
    }
    binding.entries[parameter.name] = binding.entries[parameter.name] ?? entry
    binding.chosen.append((entry, kind, span))
    let known = Set(binding.active.map(\.name))
    binding.active += entry.parameters.filter { !known.contains($0.name) }
  }

  private func bind(
    _ placed: [(argument: ArgumentSyntax, parameter: Parameter?)], to signature: Signature, hasDynamicName: Bool,
    columns: [String]?, _ binding: inout Binding
  ) {
    let skipsUnknown = failedEntry
    failedEntry = false
    var seen: [String: Span] = [:]
    for (argument, early) in placed {
      var parameter = early
      if parameter == nil, let name = argument.name {
        parameter = binding.active.first { $0.name == name.text || $0.aliases.contains(name.text) }
      }
      let nameSpan = argument.name?.span
      if let parameter, !parameter.variadic || argument.name != nil {
        if let first = seen[parameter.name] {
          report(.duplicate("parameter", parameter.name, first: first, at: nameSpan ?? argument.span))
          continue
        }
        seen[parameter.name] = nameSpan ?? argument.span
      }
      if let parameter {
        if let bound = bound(argument, to: parameter, of: signature, columns: columns) {
          binding.arguments.append(bound)
        }
        continue
      }
      guard let name = argument.name else { continue }
      if signature.takesNamedExpressions, case .expression(let value) = argument.content {
        if let first = seen[name.text] { report(.duplicate("the name", name.text, first: first, at: name.span)) }
        seen[name.text] = name.span
        let known = columns.map { $0 + binding.namedExpressions.map(\.name) }
        let make = row(value, allowsCount: Self.countsRows(signature), columns: known)
        binding.namedExpressions.append((name.text, make, name.span))
      } else if hasDynamicName {
        let code = value(argument).code
        binding.arguments.append(
          .init(parameter: nil, name: name.text, content: .code(code), span: argument.span, nameSpan: name.span))
      } else if !skipsUnknown {
        let owner = ([signature.name] + binding.chosen.map(\.entry.name)).joined(separator: " ")
        let known = binding.active.map(\.name)
        report(.unknownParameter(name.text, of: owner, known: known, at: name.span))
      }
    }
  }

  /// Whether `count()` has a meaning in the command's expressions.
  private static func countsRows(_ signature: Signature) -> Bool { ["summarize", "pivot"].contains(signature.name) }

  /// One argument, verified as far as it is constant.
  func bound(_ argument: ArgumentSyntax, to parameter: Parameter, of signature: Signature, columns: [String]?)
    -> Binding.Bound?
  {
    let nameSpan = argument.name?.span
    if parameter.type == .expression {
      guard case .expression(let value) = argument.content else { return nil }
      let make = row(value, allowsCount: Self.countsRows(signature), columns: columns)
      return .init(
        parameter: parameter, name: parameter.name, content: .row(make), span: argument.span, nameSpan: nameSpan,
        text: value.span.text)
    }
    let piece: Piece
    switch argument.content {
    case .word(let word):
      // An alias is handed over as the name it stands for.
      if case .name(let kind) = parameter.type {
        guard let entry = catalogue.entry(word, of: kind) else { return nil }
        piece = .constant(.string(entry.name))
      } else {
        piece = .constant(.string(word))
      }
    case .expression(let value): piece = expression(value)
    }
    if parameter.type == .column, !parameter.isNewColumn, let columns, let words = Self.words(piece.constant) {
      for word in words where !columns.contains(word) {
        report(.unknownColumn(word, columns: columns, at: argument.span))
      }
    }
    var content = Binding.Content.code(piece.code)
    if let constant = piece.constant {
      do {
        let accepted = try parameter.accept(constant, at: argument.span)
        if case .name(let kind) = parameter.type, case .expression = argument.content, case .string(let word) = accepted
        {
          _ = try Binding.entry(word, kind, catalogue, argument.span)
        } else if case .expression(let value) = argument.content, !Self.isLiteral(value) {
          // A variable may have another value by the time the line runs, so the code stays.
        } else {
          content = .constant(accepted)
        }
      } catch {
        if let problem = error as? Problem { report(problem) }
      }
    } else if !parameter.mayAccept(piece.type) {
      report(
        .wrongArgumentType(
          parameter.name, found: piece.type, expected: parameter.valueType, sweepable: parameter.sweepable,
          at: argument.span))
    }
    return .init(
      parameter: parameter, name: parameter.name, content: content, span: argument.span, nameSpan: nameSpan,
      words: parameter.type == .column ? Self.words(piece.constant) : nil, names: piece.names)
  }

  /// The words of a constant that names columns.
  private static func words(_ constant: Value?) -> [String]? {
    switch constant {
    case .string(let word)?: [word]
    case .list(let values)?: values.map(\.text)
    default: nil
    }
  }

  private static func isLiteral(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .literal: true
    case .list(let elements): elements.allSatisfy(isLiteral)
    case .unary(_, let operand): isLiteral(operand)
    default: false
    }
  }

  private func checkMissing(_ binding: Binding, _ signature: Signature, at span: Span) {
    let hasUnplaced = binding.arguments.contains { $0.parameter == nil }
    for parameter in binding.active where parameter.required && parameter.defaultValue == nil && !hasUnplaced {
      let isGiven = binding.arguments.contains { $0.name == parameter.name }
      let failed = problems.contains { problem in
        ["K013", "K024", "K022"].contains(problem.code)
          && problem.labels.contains { $0.span.start >= span.start && $0.span.end <= span.end }
      }
      if !isGiven, !failed {
        let place = Span(span.source, span.start, span.start + signature.name.utf8.count)
        report(.missingArgument(parameter.name, of: signature.name, doc: parameter.doc, at: place))
      }
    }
  }

  /// Asks the host about the combination of constant arguments of every chosen entry.
  private func validate(_ binding: Binding) {
    for (entry, kind, span) in binding.chosen {
      var known = EntryArguments(values: [:], spans: [:], span: span)
      for parameter in entry.parameters {
        if let bound = binding.arguments.first(where: { $0.name == parameter.name }) {
          guard case .constant(let value) = bound.content else { continue }
          known.values[parameter.name] = value
          known.spans[parameter.name] = bound.span
        } else if let value = parameter.defaultValue {
          known.values[parameter.name] = value
        }
      }
      for problem in catalogue.validate(entry, of: kind, with: known) { report(problem.at(span)) }
    }
  }

  /// What the host may know of a stage before anything runs.
  func summary(_ binding: Binding, _ command: String, at span: Span) -> StageSummary {
    let chosen = binding.chosen.map { entry, kind, place -> (NameEntry, String, EntryArguments?) in
      var known = EntryArguments(values: [:], spans: [:], span: place)
      for parameter in entry.parameters {
        guard let bound = binding.arguments.first(where: { $0.name == parameter.name }) else {
          if let value = parameter.defaultValue { known.values[parameter.name] = value }
          continue
        }
        guard case .constant(let value) = bound.content else { return (entry, kind, nil) }
        known.values[parameter.name] = value
        known.spans[parameter.name] = bound.span
      }
      return (entry, kind, known)
    }
    return StageSummary(command: command, chosen: chosen, span: span)
  }

  /// The columns that a stage hands on, as far as they can be told.
  func columns(after binding: Binding, _ signature: Signature, _ columns: [String]?) -> [String]? {
    switch signature.flow {
    case .unknown: return nil
    case .exact: return signature.columns
    case .same: return columns
    case .computed(let compute):
      var arguments = ColumnArguments()
      var isPartly: Set<String> = []
      for bound in binding.arguments {
        arguments.given.insert(bound.name)
        if let names = bound.names { arguments.values[bound.name] = names }
        if let text = bound.text { arguments.expressions[bound.name, default: []].append(text) }
        if let words = bound.words {
          arguments.words[bound.name, default: []] += words
        } else {
          isPartly.insert(bound.name)
        }
      }
      for name in isPartly { arguments.words[name] = nil }
      arguments.named = binding.namedExpressions.map(\.name)
      return compute(columns, arguments)
    }
  }

  /// `kivi(bits=2)` in an expression.
  func make(_ entry: NameEntry, _ kind: String, _ arguments: [ArgumentSyntax], at span: Span) -> Piece {
    let signature = Signature(entry.name, summary: entry.summary, parameters: entry.parameters)
    let binding = bind(arguments, to: signature, at: span, columns: nil)
    var known = EntryArguments(values: [:], spans: [:], span: span)
    for parameter in entry.parameters {
      if let bound = binding.arguments.first(where: { $0.name == parameter.name }) {
        guard case .constant(let value) = bound.content else { continue }
        known.values[parameter.name] = value
        known.spans[parameter.name] = bound.span
      } else if let value = parameter.defaultValue {
        known.values[parameter.name] = value
      }
    }
    for problem in catalogue.validate(entry, of: kind, with: known) { report(problem.at(span)) }
    return Piece(
      code: { frame in
        let call = try binding.call(signature, input: .nil, from: nil, at: span, frame: frame)
        var made = EntryArguments(values: [:], spans: [:], span: span)
        for parameter in entry.parameters {
          if let value = call.optional(parameter.name) { made.values[parameter.name] = value }
          if call.isGiven(parameter.name) { made.spans[parameter.name] = call.span(of: parameter.name) }
        }
        do {
          return try frame.context.catalogue.make(entry, of: kind, with: made)
        } catch let problem as Problem {
          throw problem.at(span)
        }
      }, type: catalogue.madeType(of: kind))
  }
}
