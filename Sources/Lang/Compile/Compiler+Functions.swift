extension Compiler {
  func define(
    _ name: Name, _ parameters: [DefinedParameter], _ body: Block, _ doc: String, isTopLevel: Bool
  ) -> Code {
    if let command = commands.signature(name.text) {
      report(
        Problem(
          "K019", severity: .warning, seen: "`\(name.text)` is also a command",
          suggestion: "`\(command.name)(...)` is your function, `\(command.name) ...` the command",
          labels: [.init(name.span)]))
    }
    let known = Known(type: .function, shape: CallShape(name: name.text, parameters))
    var slot = 0
    if isTopLevel {
      slot = globals.declare(name.text)
      knownGlobals[name.text] = known
      boundSoFar.insert(name.text)
    } else {
      slot = scope.declare(name.text, known)
    }
    let build = function(name.text, parameters, selfName: isTopLevel ? nil : name.text, doc: doc) {
      self.block(body)
    }
    return { [slot] frame in
      let value = try build(frame)
      if isTopLevel { frame.context.globals.values[slot] = value } else { frame.slots[slot] = value }
      return .nil
    }
  }

  func lambda(_ names: [Name], _ body: LambdaBody) -> Piece {
    let parameters = names.map { DefinedParameter(name: $0, defaultValue: nil) }
    let build = function("", parameters, selfName: nil, doc: "") {
      switch body {
      case .expression(let value): self.expression(value).code
      case .block(let block): self.block(block)
      }
    }
    return Piece(code: build, type: .function, shape: CallShape(name: "", parameters))
  }

  /// Code that makes the function value, copying what its body reads from around it.
  func function(
    _ name: String, _ parameters: [DefinedParameter], selfName: String?, doc: String, body: () -> Code
  ) -> Code {
    let outer = scope
    let inner = Scope(.function, parent: outer)
    inner.selfName = selfName
    scope = inner
    var seen: [String: Span] = [:]
    for parameter in parameters {
      if let first = seen[parameter.name.text] {
        report(.duplicate("parameter", parameter.name.text, first: first, at: parameter.name.span))
      }
      seen[parameter.name.text] = parameter.name.span
      _ = inner.declare(parameter.name.text)
    }
    let slots = parameters.map { parameter in
      FunctionValue.ParameterSlot(
        name: parameter.name.text, defaultCode: parameter.defaultValue.map { expression($0).code },
        defaultText: parameter.defaultValue?.span.text)
    }
    let code = body()
    scope = outer
    let slotCount = inner.slotCount
    let captures = inner.captures.map { capture in
      (slot: capture.slot, code: capture.place.map { read($0, name, at: parameters.first?.name.span ?? Self.nowhere) })
    }
    let finished: Code = { frame in
      let value = try code(frame)
      frame.signal = .next
      return value
    }
    if captures.isEmpty {
      let value = Value.function(
        FunctionValue(name: name, parameters: slots, doc: doc, body: .code(finished, slots: slotCount, captures: [])))
      return { _ in value }
    }
    return { frame in
      let values = try captures.map { (slot: $0.slot, value: try $0.code?(frame)) }
      var depth = 0
      for capture in values { depth = max(depth, capture.value.map(Nesting.captureDepth) ?? 0) }
      if depth > 500 { throw Problem.callsTooDeep(depth, at: nil) }
      return .function(
        FunctionValue(
          name: name, parameters: slots, doc: doc, body: .code(finished, slots: slotCount, captures: values),
          captureDepth: depth))
    }
  }

  static let nowhere = Span(Source(name: "", text: ""), 0, 0)

  // MARK: Calls

  /// A call; `piped` is what the pipe brings as the first argument.
  func call(_ callee: Expression, _ arguments: [ArgumentSyntax], piped: Piece? = nil, at span: Span) -> Piece {
    if case .name(let name) = callee.kind,
      scope.resolveBeyondColumns(name, at: callee.span, globals: globals) == nil
    {
      if let builtin = functions.table[name] { return call(builtin, arguments, piped: piped, at: span) }
      if piped == nil, let (entry, kind) = catalogue.callable(name) { return make(entry, kind, arguments, at: span) }
      if policyName != nil, knownGlobals[name] != nil {
        report(.sessionName(name, at: callee.span))
      } else if !failedNames.contains(name) {
        report(
          .unknownName(name, known: knownNames(), isCommand: commands.signature(name) != nil, at: callee.span))
      }
      return .broken
    }
    let function: Piece
    if case .name(let name) = callee.kind,
      let place = scope.resolveBeyondColumns(name, at: callee.span, globals: globals)
    {
      var known = Known()
      switch place {
      case .global: known = knownGlobal(name)
      case .local(let local): if !assignedNames.contains(name) { known = local.known }
      case .captured, .row: break
      }
      function = Piece(code: read(place, name, at: callee.span), known: known)
    } else {
      function = expression(callee)
    }
    if !function.type.mayServe(as: .function) { report(.notAFunction(function.type, at: callee.span)) }
    let (positional, named) = callArguments(arguments, piped: piped)
    let names = arguments.compactMap(\.name)
    if Set(names.map(\.text)).count == names.count,
      let problem = function.known.shape?.problem(positional: positional.count, named: names, at: span)
    {
      report(problem)
    }
    let code = function.code
    return Piece(
      code: { frame in
        let value = try code(frame)
        guard case .function(let function) = value else { throw Problem.notAFunction(value.type, at: span) }
        var values: [Value] = []
        values.reserveCapacity(positional.count)
        for argument in positional { values.append(try argument(frame)) }
        if named.isEmpty { return try function.call(values, named: [], in: frame.context, at: span) }
        let pairs = try named.map { ($0.name, try $0.code(frame)) }
        return try function.call(values, named: pairs, in: frame.context, at: span)
      })
  }

  private func callArguments(_ arguments: [ArgumentSyntax], piped: Piece?) -> ([Code], [(name: String, code: Code)]) {
    var positional = piped.map { [$0.code] } ?? []
    var named: [(name: String, code: Code)] = []
    for argument in arguments {
      let piece = value(argument)
      if let name = argument.name {
        named.append((name.text, piece.code))
      } else {
        positional.append(piece.code)
      }
    }
    checkRepeated(arguments)
    return (positional, named)
  }

  private func checkRepeated(_ arguments: [ArgumentSyntax]) {
    var seen: [String: Span] = [:]
    for name in arguments.compactMap(\.name) {
      if let first = seen[name.text] { report(.duplicate("parameter", name.text, first: first, at: name.span)) }
      seen[name.text] = name.span
    }
  }

  /// Arguments of a function that declares types, as far as they are known.
  private func checkTypes(
    _ pieces: [(argument: ArgumentSyntax, piece: Piece)], of function: Builtin, piped: Piece?, at span: Span
  ) {
    let places = function.parameters.filter(\.positional)
    if let piped, let first = places.first { check(piped, against: first, of: function, in: span, at: span) }
    var taken = piped == nil ? 0 : 1
    for (argument, piece) in pieces {
      let parameter: Parameter?
      if let name = argument.name {
        parameter = function.parameters.first { $0.name == name.text }
      } else {
        parameter = taken < places.count ? places[taken] : places.last.flatMap { $0.variadic ? $0 : nil }
        taken += 1
      }
      if let parameter { check(piece, against: parameter, of: function, in: span, at: argument.span) }
    }
  }

  /// A builtin says what it takes in its own words; a host function's parameters are like those of a command.
  private func check(_ piece: Piece, against parameter: Parameter, of function: Builtin, in call: Span, at span: Span) {
    guard parameter.type != .any else { return }
    if parameter.doc.isEmpty {
      if !function.mayTake(piece.type, for: parameter) {
        report(.functionArgument(function.name, piece.type, expected: function.expected(for: parameter), at: call))
      }
    } else if let constant = piece.constant {
      do { _ = try parameter.accept(constant, at: span) } catch let problem as Problem {
        report(problem)
      } catch {}
    } else if !parameter.mayAccept(piece.type) {
      report(.wrongArgumentType(parameter.name, found: piece.type, expected: parameter.valueType, at: span))
    }
  }

  /// The value of an argument without a declared type.
  func value(_ argument: ArgumentSyntax) -> Piece {
    switch argument.content {
    case .word(let word): .constant(.string(word))
    case .expression(let value): expression(value)
    }
  }

  private func call(_ builtin: Builtin, _ arguments: [ArgumentSyntax], piped: Piece?, at span: Span) -> Piece {
    if builtin.name == "count", arguments.isEmpty, piped == nil {
      guard scope.isInsideRow, allowsCount,
        let place = scope.resolve(RowExpression.countName, at: span, globals: globals)
      else {
        report(.misplacedCount(at: span))
        return .broken
      }
      return Piece(code: read(place, "count", at: span), type: .int)
    }
    let pieces = arguments.map { (argument: $0, piece: value($0)) }
    checkTypes(pieces, of: builtin, piped: piped, at: span)
    let positional = (piped.map { [$0.code] } ?? []) + pieces.filter { $0.argument.name == nil }.map(\.piece.code)
    let named = pieces.compactMap { each in each.argument.name.map { (name: $0.text, code: each.piece.code) } }
    checkRepeated(arguments)
    for argument in arguments {
      if let name = argument.name, !builtin.parameters.contains(where: { $0.name == name.text }) {
        report(.unknownParameter(name.text, of: builtin.name, known: builtin.parameters.map(\.name), at: name.span))
      }
    }
    let required = builtin.parameters.count { $0.required }
    let given = positional.count + named.count
    let places = builtin.parameters.count { $0.positional }
    let isTooMany = given > builtin.parameters.count || positional.count > places
    if given < required || (!builtin.isVariadic && isTooMany) {
      let most = builtin.isVariadic ? "\(required) or more" : "\(required) to \(places)"
      let expected = required == places && !builtin.isVariadic ? "\(required)" : most
      report(.argumentCount(builtin.name, given: given, expected: expected, at: span))
    }
    let function = builtin.function
    return Piece(
      code: { frame in
        var values: [Value] = []
        values.reserveCapacity(positional.count)
        for argument in positional { values.append(try argument(frame)) }
        let pairs = try named.map { ($0.name, try $0.code(frame)) }
        return try function.call(values, named: pairs, in: frame.context, at: span)
      }, type: builtin.result)
  }
}
