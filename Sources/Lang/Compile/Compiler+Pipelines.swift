extension Compiler {
  /// A stage: takes what came in, yields what goes on.
  typealias StageCode = @Sendable (Frame, Value) throws -> Value

  func pipeline(_ stages: [Stage]) -> Piece {
    var codes: [StageCode] = []
    var type = ValueType.nil
    var columns: [String]?
    var source: Span?
    var summaries: [StageSummary] = []
    for stage in stages {
      let from = source
      switch stage {
      case .command(let command):
        let known = Known(type: type, names: columns)
        let (code, result, summary) = self.command(command, input: from == nil ? nil : known, from: from)
        codes.append(code)
        (type, columns) = (result.type, result.names)
        if let summary { summaries.append(summary) }
      case .expression(let value):
        let (code, result) = self.stage(value, input: from == nil ? nil : Known(type: type, names: columns), from: from)
        codes.append(code)
        (type, columns) = (result.type, result.names)
      }
      source = stage.span
    }
    if summaries.count > 1, let span = source {
      for problem in catalogue.validate(summaries) { report(problem.at(span)) }
    }
    let all = codes
    return Piece(
      code: { frame in
        var value = Value.nil
        for code in all { value = try code(frame, value) }
        return value
      }, type: type, names: columns)
  }

  /// An expression as a stage: the first yields its value; a later one is a call with the piped value as its first
  /// argument, or yields a function that is applied to it.
  private func stage(_ value: Expression, input: Known?, from: Span?) -> (StageCode, Known) {
    guard let input, let from else {
      let piece = expression(value)
      let code = piece.code
      return ({ frame, _ in try code(frame) }, piece.known)
    }
    let span = value.span
    if case .call(let callee, let arguments) = value.kind {
      return inBlock {
        let slot = scope.declare("| \(span.start)", input)
        let piped = Piece(code: { $0.slots[slot] }, known: input)
        let piece = call(callee, arguments, piped: piped, at: span)
        let code = piece.code
        return (
          { frame, value in
            frame.slots[slot] = value
            return try code(frame)
          }, piece.known
        )
      }
    }
    let piece = expression(value)
    if !piece.type.mayServe(as: .function) { report(.notAStage(piece.type, from: from, at: span)) }
    let code = piece.code
    return (
      { frame, value in
        let stage = try code(frame)
        guard case .function(let function) = stage else { throw Problem.notAStage(stage.type, from: from, at: span) }
        return try function.call([value], named: [], in: frame.context, at: span)
      }, Known()
    )
  }

  // MARK: Commands

  private func command(
    _ stage: CommandStage, input: Known?, from: Span?
  ) -> (StageCode, Known, StageSummary?) {
    guard let command = commands.command(stage.name.text), let signature = commands.signature(stage.name.text) else {
      report(
        .unknownCommand(
          stage.name.text, known: commands.signatures.map(\.name), isFunction: functions.table[stage.name.text] != nil,
          at: stage.name.span))
      return ({ _, _ in .nil }, Known(), nil)
    }
    // Rows that come as a list have no columns yet.
    let columns = input?.type == .table ? input?.names : nil
    if let policyName {
      report(
        Problem(
          "K070", seen: "the policy `\(policyName)` runs the command `\(signature.name)`",
          expected: "expressions and functions alone", labels: [.init(stage.name.span)]))
    }
    let binding = bind(stage.arguments, to: signature, at: stage.span, columns: columns)
    let entry = signature.parameters.lazy.compactMap { binding.entries[$0.name] }.first
    let accepts = entry?.accepts ?? signature.accepts
    checkInput(of: signature.name, accepts: accepts, input: input?.type, from: from, at: stage.span)
    let span = stage.span
    let isOfTables = signature.group == TableCommands.group
    let code: StageCode = { frame, value in
      if from != nil, !accepts.contains(where: { value.matches($0) }) {
        throw Problem.wrongInput(of: signature.name, found: value.type, from: from, expected: accepts, at: span)
      }
      try frame.context.checkCancelled(at: span)
      let call = try binding.call(signature, input: value, from: from, at: span, frame: frame)
      let before = isOfTables ? nil : ProcessMemory.bytes()
      defer { frame.context.memory.excuse(since: before) }
      do {
        let value = try command.run(call, in: frame.context)
        try frame.context.checkMade(value, at: span)
        return value
      } catch let problem as Problem {
        throw problem.at(span)
      }
    }
    var known = Known(type: entry?.produces ?? signature.produces)
    known.names = self.columns(after: binding, signature, input?.names)
    // What keeps some of a list or of a table yields what came in.
    if case .same = signature.flow, known.type == .any, let input {
      known.type = input.type == .range ? .any : input.type
    }
    return (code, known, summary(binding, signature.name, at: span))
  }

  private func checkInput(of name: String, accepts: [ValueType], input: ValueType?, from: Span?, at span: Span) {
    guard let input, let from else {
      if !accepts.contains(.nil), !accepts.contains(.any) {
        report(.missingInput(of: name, expected: accepts, at: span))
      }
      return
    }
    if accepts == [.nil] || accepts.isEmpty {
      if input != .nil { report(.unwantedInput(of: name, from: from, at: span)) }
    } else if !accepts.contains(where: { input.mayServe(as: $0) }) {
      report(.wrongInput(of: name, found: input, from: from, expected: accepts, at: span))
    }
  }

  /// An expression over the columns of the incoming table.
  func row(_ expression: Expression, allowsCount: Bool, columns: [String]?) -> @Sendable (Frame) throws -> RowExpression
  {
    let outer = scope
    let inner = Scope(.row, parent: outer)
    let saved = self.allowsCount
    (scope, self.allowsCount) = (inner, allowsCount)
    let piece = self.expression(expression)
    (scope, self.allowsCount) = (outer, saved)
    let fallbacks: [Code?] = inner.rowNames.map { name in
      if let place = outer.resolve(name.name, at: name.span, globals: globals) {
        if case .global(let slot) = place { return { $0.context.globals.values[slot] ?? .nil } }
        return read(place, name.name, at: name.span)
      }
      guard let builtin = functions.table[name.name] else {
        if let columns, !columns.contains(name.name), name.name != RowExpression.countName {
          report(.unknownColumn(name.name, columns: columns, at: name.span))
        }
        return nil
      }
      let function = Value.function(builtin.function)
      return { _ in function }
    }
    let (code, slotCount, names) = (piece.code, inner.slotCount, inner.rowNames)
    let (span, text) = (expression.span, expression.span.text)
    let (labels, spans, slots) = (names.map(\.name), names.map(\.span), names.map(\.slot))
    return { frame in
      RowExpression(
        names: labels, nameSpans: spans, text: text, span: span, code: code, slotCount: slotCount, nameSlots: slots,
        captured: try fallbacks.map { try $0?(frame) })
    }
  }
}
