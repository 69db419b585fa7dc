extension Compiler {
  /// A stage: takes what came in, yields what goes on.
  typealias StageCode = @Sendable (Frame, Value) throws -> Value

  func pipeline(_ stages: [Stage]) -> Piece {
    var codes: [StageCode] = []
    var type = ValueType.nil
    var columns: [String]?
    var source: Span?
    for stage in stages {
      let from = source
      switch stage {
      case .command(let command):
        let (code, result, known) = self.command(command, input: from == nil ? nil : type, from: from, columns: columns)
        codes.append(code)
        (type, columns) = (result, known)
      case .expression(let value):
        let (code, result) = self.stage(value, input: from == nil ? nil : type, from: from)
        codes.append(code)
        (type, columns) = (result, nil)
      }
      source = stage.span
    }
    let all = codes
    return Piece(
      code: { frame in
        var value = Value.nil
        for code in all { value = try code(frame, value) }
        return value
      }, type: type)
  }

  /// An expression as a stage: the first yields its value; a later one is a call with the piped value as its first
  /// argument, or yields a function that is applied to it.
  private func stage(_ value: Expression, input: ValueType?, from: Span?) -> (StageCode, ValueType) {
    guard let input, let from else {
      let piece = expression(value)
      let code = piece.code
      return ({ frame, _ in try code(frame) }, piece.type)
    }
    let span = value.span
    if case .call(let callee, let arguments) = value.kind {
      return inBlock {
        let slot = scope.declare("| \(span.start)", type: input)
        let piped = Piece(code: { $0.slots[slot] }, type: input)
        let piece = call(callee, arguments, piped: piped, at: span)
        let code = piece.code
        return (
          { frame, value in
            frame.slots[slot] = value
            return try code(frame)
          }, piece.type
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
      }, .any
    )
  }

  // MARK: Commands

  private func command(
    _ stage: CommandStage, input: ValueType?, from: Span?, columns: [String]?
  ) -> (StageCode, ValueType, [String]?) {
    guard let command = commands.command(stage.name.text), let signature = commands.signature(stage.name.text) else {
      report(
        .unknownCommand(
          stage.name.text, known: commands.signatures.map(\.name), isFunction: functions.table[stage.name.text] != nil,
          at: stage.name.span))
      return ({ _, _ in .nil }, .any, nil)
    }
    if let policyName {
      report(
        Problem(
          "K070", seen: "the policy `\(policyName)` runs the command `\(signature.name)`",
          expected: "expressions and functions alone", labels: [.init(stage.name.span)]))
    }
    let binding = bind(stage.arguments, to: signature, at: stage.span, columns: columns)
    let entry = signature.parameters.lazy.compactMap { binding.entries[$0.name] }.first
    let accepts = entry?.accepts ?? signature.accepts
    checkInput(of: signature.name, accepts: accepts, input: input, from: from, at: stage.span)
    let span = stage.span
    let code: StageCode = { frame, value in
      if from != nil, !accepts.contains(where: { value.matches($0) }) {
        throw Problem.wrongInput(of: signature.name, found: value.type, from: from, expected: accepts, at: span)
      }
      try frame.context.checkCancelled(at: span)
      let call = try binding.call(signature, input: value, from: from, at: span, frame: frame)
      do {
        return try command.run(call, in: frame.context)
      } catch let problem as Problem {
        throw problem.at(span)
      }
    }
    let known = signature.columns.isEmpty ? nil : signature.columns
    return (code, entry?.produces ?? signature.produces, known)
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
  func row(_ expression: Expression, allowsCount: Bool) -> @Sendable (Frame) throws -> RowExpression {
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
      guard let builtin = functions.table[name.name] else { return nil }
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
