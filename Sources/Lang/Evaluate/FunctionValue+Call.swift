extension FunctionValue {
  /// Binds arguments to parameters and runs the body.
  func call(_ arguments: [Value], named: [(String, Value)], in context: Context, at span: Span?) throws -> Value {
    guard context.callDepth < context.limits.callDepth, !context.stackGuard.isLow() else {
      throw Problem.callsTooDeep(context.callDepth, at: span)
    }
    try context.checkCancelled(at: span)
    context.calls &+= 1
    if context.calls & 0xFFF == 0 { try context.worked(at: span) }
    context.callDepth += 1
    defer { context.callDepth -= 1 }
    switch body {
    case .native(let body):
      let value = try body(named.isEmpty ? arguments : positional(arguments, named, span), context, span)
      try context.checkMade(value, at: span)
      return value
    case .declared(let body):
      let value = try body(arguments, named, context, span)
      try context.checkMade(value, at: span)
      return value
    case .code(let code, let slots, let captures):
      let frame = Frame(count: slots, context: context)
      try bind(arguments, named, in: frame, at: span)
      for capture in captures { frame.slots[capture.slot] = capture.value ?? .function(self) }
      for (index, parameter) in parameters.enumerated() where !isBound(index, arguments, named) {
        guard let code = parameter.defaultCode else {
          throw Problem.missingFunctionArgument(name, parameter: parameter.name, at: span)
        }
        frame.slots[index] = try code(frame)
      }
      return try code(frame)
    }
  }

  private func isBound(_ index: Int, _ arguments: [Value], _ named: [(String, Value)]) -> Bool {
    index < arguments.count || named.contains { $0.0 == parameters[index].name }
  }

  private func bind(_ arguments: [Value], _ named: [(String, Value)], in frame: Frame, at span: Span?) throws {
    guard arguments.count <= parameters.count else {
      let required = parameters.count { $0.defaultCode == nil }
      let expected = required == parameters.count ? "\(required)" : "\(required) to \(parameters.count)"
      throw Problem.argumentCount(name, given: arguments.count, expected: expected, at: span)
    }
    for (index, value) in arguments.enumerated() { frame.slots[index] = value }
    for (key, value) in named { frame.slots[try index(of: key, given: arguments.count, at: span)] = value }
  }

  private func index(of key: String, given: Int, at span: Span?) throws -> Int {
    guard let index = parameters.firstIndex(where: { $0.name == key }) else {
      throw Problem(
        "K014", seen: "`\(name.isEmpty ? "the function" : name)` has no parameter `\(key)`",
        suggestion: NearestName.suggestion(key, in: parameters.map(\.name))
      ).at(span)
    }
    guard index >= given else {
      throw Problem("K019", seen: "parameter `\(key)` is given twice", expected: "one value").at(span)
    }
    return index
  }

  /// Named arguments of a native function put into their places; gaps are nil.
  private func positional(_ arguments: [Value], _ named: [(String, Value)], _ span: Span?) throws -> [Value] {
    var values = arguments
    for (key, value) in named {
      let index = try index(of: key, given: arguments.count, at: span)
      while values.count <= index { values.append(.nil) }
      values[index] = value
    }
    return values
  }
}
