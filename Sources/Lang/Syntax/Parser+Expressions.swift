extension Parser {
  /// How tightly an operator binds; the right side of `**` may be another `**`.
  private static let strengths: [String: (strength: Int, operation: BinaryOperator)] = [
    "or": (1, .or), "and": (2, .and),
    "==": (4, .equal), "!=": (4, .unequal), "<": (4, .less), "<=": (4, .lessEqual), ">": (4, .greater),
    ">=": (4, .greaterEqual), "in": (4, .contains),
    "+": (6, .add), "-": (6, .subtract),
    "*": (7, .multiply), "/": (7, .divide), "//": (7, .floorDivide), "%": (7, .remainder), "@": (7, .matrix),
    "**": (9, .power), "^": (9, .power),
  ]
  private static let comparison = 4
  private static let range = 5
  private static let prefix = 8

  mutating func expression() throws -> Expression { try binary(minimum: 1) }

  private mutating func binary(minimum: Int) throws -> Expression {
    try nested { try $0.unguardedBinary(minimum: minimum) }
  }

  private mutating func unguardedBinary(minimum: Int) throws -> Expression {
    let start = next.start
    var left = try unary()
    while !atNewline, !separatesArguments {
      if isSign("..") {
        guard minimum <= Self.range else { return left }
        advance()
        let last = try binary(minimum: Self.range + 1)
        let step = try rangeStep()
        var height = max(left.height, last.height)
        if case .by(let width)? = step { height = max(height, width.height) }
        left = try expression(.range(left, last, step), from: start, height: height)
        continue
      }
      if isKeyword("not"), tokenAfterNext().text == "in", Self.comparison >= minimum {
        advance()
        let contains = try comparison(left, .contains, from: start)
        left = try expression(.unary(.not, contains), from: start, height: contains.height)
        continue
      }
      guard next.kind == .sign || next.kind == .keyword, let (strength, operation) = Self.strengths[next.text],
        strength >= minimum
      else { return left }
      if strength == Self.comparison {
        left = try comparison(left, operation, from: start)
        continue
      }
      advance()
      let right = try binary(minimum: operation == .power ? strength : strength + 1)
      left = try expression(
        .binary(operation, left, right), from: start, height: max(left.height, right.height))
    }
    return left
  }

  /// The operator that comes and its right side.
  private mutating func comparison(_ left: Expression, _ operation: BinaryOperator, from start: Int) throws
    -> Expression
  {
    advance()
    let right = try binary(minimum: Self.comparison + 1)
    if next.kind == .sign, !atNewline, Self.strengths[next.text]?.strength == Self.comparison {
      throw Problem.chainedComparison(next.text, at: nextSpan)
    }
    return try expression(.binary(operation, left, right), from: start, height: max(left.height, right.height))
  }

  /// `by 2` or `by x2` behind a range.
  private mutating func rangeStep() throws -> RangeStep? {
    guard next.kind == .identifier, next.text == "by", !atNewline, tokenAfterNext().text != "=" else { return nil }
    advance()
    if next.kind == .identifier, next.text.first == "x", let factor = Int(next.text.dropFirst()) {
      let place = nextSpan
      advance()
      return .times(factor, place)
    }
    return .by(try binary(minimum: Self.range + 1))
  }

  /// Among arguments, `a -b` are two and `a - b` is one.
  private var separatesArguments: Bool {
    guard isArgument, next.spaceBefore, next.kind == .sign, next.text == "-" else { return false }
    return !tokenAfterNext().spaceBefore
  }

  private mutating func unary() throws -> Expression {
    let start = next.start
    if isKeyword("not") {
      advance()
      let operand = try binary(minimum: 3)
      return try expression(.unary(.not, operand), from: start, height: operand.height)
    }
    if isSign("-") {
      advance()
      let operand = try binary(minimum: Self.prefix)
      return try expression(.unary(.minus, operand), from: start, height: operand.height)
    }
    return try postfix()
  }

  private mutating func postfix() throws -> Expression {
    let start = next.start
    var value = try primary()
    while next.kind == .sign, !next.spaceBefore {
      let opened = nextSpan
      if isSign("(") {
        advance()
        let callee = value
        let arguments = try bracketed { parser in
          let arguments = try parser.callArguments(of: callee)
          try parser.close(")", opened: opened)
          return arguments
        }
        let height = max(value.height, arguments.map(\.height).max() ?? 0)
        value = try expression(.call(value, arguments), from: start, height: height)
      } else if isSign("[") {
        advance()
        let subscripts = try bracketed { parser in
          let subscripts = try parser.subscripts()
          try parser.close("]", opened: opened)
          return subscripts
        }
        let height =
          subscripts.map { subscripted in
            switch subscripted {
            case .index(let index): index.height
            case .slice(let low, let high): max(low?.height ?? 0, high?.height ?? 0)
            }
          }.max() ?? 0
        value = try expression(.index(value, subscripts), from: start, height: max(value.height, height))
      } else if isSign(".") {
        advance()
        guard next.kind == .identifier || next.kind == .keyword, !next.spaceBefore else {
          throw unexpected(expected: "the name of a field after `.`")
        }
        let field = Name(text: next.text, span: nextSpan)
        advance()
        value = try expression(.field(value, field), from: start, height: value.height)
      } else {
        break
      }
    }
    return value
  }

  private mutating func callArguments(of callee: Expression) throws -> [ArgumentSyntax] {
    var parameters: [Parameter]?
    if case .name(let name) = callee.kind, !vocabulary.variables.contains(name) {
      parameters = vocabulary.catalogue.callable(name)?.entry.parameters
    }
    var arguments: [ArgumentSyntax] = []
    while !isSign(")"), next.kind != .end {
      let name = namedArgument()
      let parameter: Parameter?
      if let name {
        parameter = parameters?.first { $0.name == name.text || $0.aliases.contains(name.text) }
      } else {
        let positional = parameters?.filter(\.positional) ?? []
        let index = arguments.count { $0.name == nil }
        parameter = index < positional.count ? positional[index] : nil
      }
      arguments.append(try argument(name, type: parameter?.type, isLenient: false))
      if !take(",") { break }
    }
    return arguments
  }

  private mutating func subscripts() throws -> [SubscriptSyntax] {
    var subscripts: [SubscriptSyntax] = []
    repeat {
      let low = isSign(":") ? nil : try expression()
      if take(":") {
        let high = isSign("]") || isSign(",") ? nil : try expression()
        subscripts.append(.slice(low, high))
      } else if let low {
        subscripts.append(.index(low))
      }
    } while take(",")
    return subscripts
  }
}
